"""What figures are measured against: the least that any program must do, written so that little else is done."""
