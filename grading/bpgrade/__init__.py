"""bpgrade: the instructor's side of bpkit. It makes lessons, and grades what learners hand in."""

import sys

# nbformat imports jsonschema, and jsonschema this if it is there, to check a format ("iri") that no notebook's schema
# has. It compiles a grammar when it is imported, for longer than all the rest takes, and each process would pay.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
