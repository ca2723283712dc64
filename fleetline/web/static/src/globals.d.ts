// What the build puts in, and the place where browser tests read the state of canvases.
/** What each file that maps fetch was named, beside the scripts. */
declare const FILES: Record<string, string>;
interface Window {
  __test: Record<string, any>;
}
