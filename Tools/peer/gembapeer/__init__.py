"""A second implementation of the Gemba protocol, written from Protocol/ alone.

Rules are cited by their names in those documents: E4, C1, M16b.
"""
