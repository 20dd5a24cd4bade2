"""bpgrade: the instructor's side of bpkit. It makes lessons, and grades what learners hand in."""
