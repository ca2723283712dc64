"""How much light the front glass lets through, for the beam and for light from all sides."""

from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

GLASS_INDEX: Final = 1.526
COATING_INDEX: Final = 1.3
EXTINCTION_PER_M: Final = 4.0
THICKNESS_M: Final = 0.002

# fmt: off
SKY: Final = (
    0.953569264706, 0.953648192819, 0.953836415525, 0.954118704264, 0.954475613882, 0.954890595071, 0.955349624601,
    0.955840671421, 0.956354122641, 0.956881539467, 0.957416052994, 0.957951832089, 0.958484202932, 0.959009525724,
    0.959524072294, 0.960026094549, 0.960513169002, 0.960983686000, 0.961436459875, 0.961870849922, 0.962285977455,
    0.962681264481, 0.963056995276, 0.963412943648, 0.963748846924, 0.964065088596, 0.964361442004, 0.964638489211,
    0.964897619210, 0.965137440127, 0.965358722119, 0.965563087645, 0.965749221705, 0.965918089315, 0.966070835207,
    0.966207579258, 0.966328007087, 0.966433678993, 0.966523730756, 0.966599154141, 0.966660748153, 0.966707719137,
    0.966741049350, 0.966761116755, 0.966768322135, 0.966763729419, 0.966744340689, 0.966710716192, 0.966669389951,
    0.966611552499, 0.966545486527, 0.966465494017, 0.966373730765, 0.966271503906, 0.966158114745, 0.966032872329,
    0.965895871105, 0.965747365256, 0.965587643175, 0.965416491283, 0.965234292821, 0.965039807212, 0.964834130711,
    0.964616953982, 0.964388606034, 0.964149470896, 0.963896129488, 0.963632155422, 0.963355755541, 0.963067115004,
    0.962765950577, 0.962451202987, 0.962124621874, 0.961783784973, 0.961429117317, 0.961060560042, 0.960678504900,
    0.960281920416, 0.959870027611, 0.959442562056, 0.958999575244, 0.958540706981, 0.958064615848, 0.957571663947,
    0.957060843453, 0.956531891054, 0.955983984765, 0.955416939817, 0.954829570140, 0.954221552539, 0.953580165686,
)
GROUND: Final = (
    0.000000000000, 0.044629513629, 0.113781221992, 0.170231942740, 0.221078116319, 0.267683623378, 0.310661148784,
    0.350392172355, 0.387225341226, 0.421407861627, 0.453171773221, 0.482714134176, 0.510220174780, 0.535864071608,
    0.559768675543, 0.582100705654, 0.602965343636, 0.622473782271, 0.640729325617, 0.657831255119, 0.673859582861,
    0.688889363452, 0.703003527438, 0.716264978089, 0.728728742557, 0.740455366993, 0.751489829593, 0.761885195426,
    0.771698513107, 0.780947031925, 0.789673815238, 0.797927116916, 0.805719733852, 0.813088000119, 0.820066398098,
    0.826676299471, 0.832935814060, 0.838875951219, 0.844507266237, 0.849853183921, 0.854934388460, 0.859759414133,
    0.864347746563, 0.868714028636, 0.872871954398, 0.876837564493, 0.880604660723, 0.884188226020, 0.887628064747,
    0.890890132595, 0.894020798589, 0.897002643747, 0.899851358254, 0.902579181717, 0.905189560556, 0.907685860689,
    0.910074227512, 0.912361031375, 0.914552302273, 0.916652287394, 0.918666716938, 0.920596520982, 0.922449119724,
    0.924227614627, 0.925936571167, 0.927580258702, 0.929154409134, 0.930670670764, 0.932127929728, 0.933529999099,
    0.934878870015, 0.936175672921, 0.937426197272, 0.938628740299, 0.939786555812, 0.940902022431, 0.941978163653,
    0.943015491186, 0.944014990276, 0.944978468832, 0.945908053211, 0.946805207273, 0.947670065101, 0.948505020857,
    0.949310623611, 0.950088350895, 0.950838972654, 0.951563972385, 0.952263675041, 0.952939294573, 0.953580165686,
)
# fmt: on
"""Share of the isotropic light of sky and ground that enters, relative to normal incidence, at tilt 0, 1, ... 90
degrees: `beam_share` integrated over the seen part of either half sphere, as pvlib.iam.marion_integrate does it."""


def normal_transmittance() -> float:
    """Of coated glass for light straight on, absorption included."""
    outer = 1.0 - ((1.0 - COATING_INDEX) / (1.0 + COATING_INDEX)) ** 2
    lost = ((COATING_INDEX - GLASS_INDEX) / (COATING_INDEX + GLASS_INDEX)) ** 2
    inner = (1.0 - lost) / (1.0 - lost * (1.0 - outer))
    return float(outer * inner * np.exp(-EXTINCTION_PER_M * THICKNESS_M))


def beam_share(cosine: FloatArray) -> FloatArray:
    """Transmittance over that of normal incidence; 0 at and beyond grazing.

    cosine   of the angle of incidence; below 0 counts as 0
    source   Fresnel, Snell and Bouguer with an anti-reflective layer, as pvlib.iam.physical
    """
    outside = np.maximum(cosine, 0.0)
    sine2 = 1.0 - outside * outside
    layer = np.sqrt(1.0 - sine2 / COATING_INDEX**2)
    inside = np.sqrt(1.0 - sine2 / GLASS_INDEX**2)
    across_1 = _squared_ratio(outside, COATING_INDEX * layer)
    along_1 = _squared_ratio(layer, COATING_INDEX * outside)
    across_2 = _squared_ratio(COATING_INDEX * layer, GLASS_INDEX * inside)
    along_2 = _squared_ratio(GLASS_INDEX * layer, COATING_INDEX * inside)
    across = (1.0 - across_1) * (1.0 - across_2) / (1.0 - across_1 * across_2)
    along = (1.0 - along_1) * (1.0 - along_2) / (1.0 - along_1 * along_2)
    absorbed = np.exp(-EXTINCTION_PER_M * THICKNESS_M / inside)
    return np.asarray((across + along) * absorbed * (0.5 / normal_transmittance()))


def _squared_ratio(a: FloatArray, b: FloatArray) -> FloatArray:
    ratio = (a - b) / (a + b)
    return ratio * ratio


def diffuse_share(tilt_deg: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Shares for sky and for ground light, linear between whole degrees of tilt."""
    low = np.minimum(tilt_deg.astype(np.intp), 89)
    part = tilt_deg - low
    sky, ground = np.array(SKY), np.array(GROUND)
    return sky[low] + (sky[low + 1] - sky[low]) * part, ground[low] + (ground[low + 1] - ground[low]) * part
