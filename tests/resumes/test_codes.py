import ast
from pathlib import Path

from target_linkedin_resumes import convert, resumes
from target_linkedin_resumes.resumes import formats
from target_linkedin_resumes.resumes.codes import CODES


def codes_in_source() -> set[str]:
    """The first arguments of all `Reject(...)`, and of the helpers that take a code."""
    found: set[str] = set()
    folders = [Path(folder) for package in (resumes, convert) for folder in package.__path__]
    for path in [path for folder in folders for path in folder.rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                first = node.args[0] if node.args else None
                if node.func.id in ("Reject", "_denied") and isinstance(first, ast.Constant):
                    found.add(str(first.value))
    return found


def test_every_code_is_explained_and_every_explanation_used() -> None:
    kinds = {value.code for value in vars(formats).values() if isinstance(value, formats.Kind)}
    assert codes_in_source() | kinds == set(CODES)


def test_explanations_are_sentences() -> None:
    for meaning, remedy in CODES.values():
        assert meaning.endswith(".")
        assert remedy.endswith(".")
