"""Says what cddl-verifier, a public CDDL tool from PyPI, thinks of structures. Usage: judge.py GRAMMAR

Each line of the input is the name of a rule, a space, and a structure in hexadecimal. The first line of the output is the
tool's name and version; then comes a line for each structure, as soon as it is judged, which begins with its verdict.
"""

import sys
from importlib.metadata import version
from pathlib import Path

from cddl_verifier import SchemaError, Validator


def verdict(validator, rule, data):
    # Whoever asks has found the encoding right, so it must be deterministic (RFC 8949, section 4.2.1) to this tool too.
    result = validator.validate(bytes.fromhex(data), rule, require_deterministic=True)
    return "accepted" if result.valid else f"refused: {' '.join(result.errors[0].split())}"


def main():
    try:
        validator = Validator(Path(sys.argv[1]))
    except SchemaError as error:
        sys.exit(f"cddl-verifier: {error}")
    print("cddl-verifier", version("cddl-verifier"), flush=True)
    for line in sys.stdin:
        print(verdict(validator, *line.rstrip("\n").split(" ")), flush=True)


if __name__ == "__main__":
    main()
