"""The project's own files: environments that agree, a README that is true, a package that stays small."""

import hashlib
import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from graphlib import TopologicalSorter
from importlib.metadata import distributions
from pathlib import Path

import pytest
import yaml
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.requirements import Requirement
from packaging.version import Version

import htanalysis as ht

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
# conda-forge's name where it differs from PyPI's.
CONDA = {"duckdb": "python-duckdb", "playwright": "playwright-python"}
#: What make installs besides what every user needs.
ALL = ("report", "lab")


def read_lock(name):
    """Give the pinned versions of a lock."""
    pins: dict[str, list[Version]] = {}
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if match := re.match(r"([a-z0-9._-]+)==([^ ;\\]+)", line):
            pins.setdefault(match[1], []).append(Version(match[2]))
    return pins


def requirements(*extras):
    """Give the project's direct requirements, with those of extras."""
    optional = PROJECT["project"]["optional-dependencies"]
    texts = [*PROJECT["project"]["dependencies"], *(text for extra in extras for text in optional[extra])]
    return {Requirement(text).name.lower(): Requirement(text).specifier for text in texts}


def test_the_locks_hold_what_the_project_asks_for():
    for lock, asked in (
        ("requirements.lock", requirements(*ALL)),
        ("requirements-test.lock", requirements(*ALL, "docs", "test")),
        ("requirements-cluster.lock", requirements(*ALL, "cluster")),
    ):
        pins = read_lock(lock)
        for name, wanted in asked.items():
            assert name in pins, f"{lock} lacks {name}: run make lock"
            assert all(version in wanted for version in pins[name])


def test_the_other_locks_only_add_to_the_lock():
    lock, test, cluster = (read_lock(f"requirements{name}.lock") for name in ("", "-test", "-cluster"))
    assert {name: test[name] for name in lock} == lock == {name: cluster[name] for name in lock}
    assert {name: test[name] for name in cluster} == cluster, "the tests try what a cluster runs"


def test_the_locks_have_hashes_and_no_address():
    for name in ("requirements.lock", "requirements-test.lock", "requirements-cluster.lock"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text and "index" not in text.replace("importlib", "")
        for block in re.split(r"\n(?=\S)", text):
            if "==" in block.split("\n")[0]:
                assert "--hash=sha256:" in block, block.split("\n")[0]


def test_the_bill_of_materials_lists_what_the_lock_installs_and_what_reports_carry(tmp_path):
    recipe = re.search(r"^sbom:.*\n\t@(.+)", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)[1]
    bin_folder, path = shlex.quote(str(Path(sys.executable).parent)), tmp_path / "sbom.json"
    command = recipe.replace("$(BIN)", bin_folder).replace("sbom.json", shlex.quote(str(path)))
    subprocess.run(command, shell=True, cwd=ROOT, check=True)
    text = path.read_text(encoding="utf-8")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bom = json.loads(text)
    carried = {part["properties"][0]["value"]: part for part in bom["components"] if "properties" in part}
    bom["components"] = [part for part in bom["components"] if "properties" not in part]
    listed = [(part["name"], Version(part["version"])) for part in bom["components"]]
    assert listed == [(name, pin) for name, pins in read_lock("requirements.lock").items() for pin in pins]
    assert all(part["purl"] == f"pkg:pypi/{part['name']}@{part['version']}" for part in bom["components"])
    hashes = {found["content"] for part in bom["components"] for found in part["externalReferences"][0]["hashes"]}
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert hashes == set(re.findall(r"--hash=sha256:([0-9a-f]{64})", lock))
    installed = {re.sub(r"[-_.]+", "-", found.name).lower() for found in distributions()}
    assert not [part for part in bom["components"] if part["name"] in installed and not part.get("licenses")]
    assert {(part["name"], part["version"], part["licenses"][0]["license"]["id"]) for part in carried.values()} == {
        ("MiniSearch", "7.2.0", "MIT"),
        *(("Source Sans 3", "3.052", "OFL-1.1"), ("Source Serif 4", "4.004", "OFL-1.1")),
    }
    files = [path for path in (ROOT / "htanalysis" / "assets").iterdir() if path.name.endswith((".woff2", ".min.js"))]
    assert {name: part["hashes"][0]["content"] for name, part in carried.items()} == {
        path.relative_to(ROOT).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }
    assert bom["metadata"]["component"]["licenses"][0]["license"]["id"] == "BSD-3-Clause"
    assert set(re.findall(r"\w+://[^/\"]+", text)) == {"http://cyclonedx.org"} and str(ROOT) not in text


def test_environment_yml_agrees_with_the_project_and_the_lock():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert environment["channels"] == ["conda-forge", "nodefaults"]
    *conda, by_pip = environment["dependencies"]
    listed = {Requirement(text).name: Requirement(text).specifier for text in [*conda, *by_pip["pip"]]}
    asked = requirements(*ALL, "docs", "test")
    expected = {CONDA.get(name, name): wanted for name, wanted in asked.items()}
    assert listed.pop("python") == PROJECT_PYTHON
    for helper in ("pip", "hatchling", "make"):
        listed.pop(helper)
    assert listed == expected
    pins = read_lock("requirements-test.lock")
    for name, conda_name in ((name, CONDA.get(name, name)) for name in asked):
        assert all(version in listed[conda_name] for version in pins[name])


PROJECT_PYTHON = Requirement(f"python{PROJECT['project']['requires-python']}").specifier


def test_what_the_package_imports_is_asked_for():
    for path in (ROOT / "htanalysis").rglob("*.py"):
        imported = {*re.findall(r"^(?:from|import) (\w+)", path.read_text(encoding="utf-8"), flags=re.MULTILINE)}
        third_party = imported - set(sys.stdlib_module_names) - {"htanalysis"}
        asked = requirements("report", "lab") if path.name == "explorer.py" else requirements("report")
        assert {name.lower() for name in third_party} <= {name.replace("-", "_") for name in asked}, path


def test_pre_commit_runs_the_linter_that_the_tests_run():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    ruff = next(repo for repo in hooks["repos"] if "ruff" in repo["repo"])
    assert Version(ruff["rev"].removeprefix("v")) == read_lock("requirements-test.lock")["ruff"][0]
    assert {hook["id"] for hook in ruff["hooks"]} == {"ruff-check", "ruff-format"}


def test_returns_stay_out_of_every_commit():
    ignored = ["git", "check-ignore", "data/quarters/2012Q3.csv", "data/quarters/.key", "data/quarters/ledger.csv"]
    assert subprocess.run(ignored, cwd=ROOT, capture_output=True, check=True).stdout.count(b"\n") == 3
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    refusal = next(hook for repo in hooks["repos"] for hook in repo["hooks"] if hook.get("language") == "fail")
    assert re.match(refusal["files"], "data/quarters/2012Q3 - Copy.csv") and "confidential" in refusal["entry"]


@pytest.mark.parametrize(("belongs_to", "anew"), [(".", False), ("elsewhere", True)])
def test_an_environment_that_belongs_to_another_folder_is_set_up_anew(tmp_path, belongs_to, anew):
    copy = tmp_path / "a copy"
    (copy / ".venv" / "bin").mkdir(parents=True)
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, copy)
    (copy / ".venv" / "ready").write_text(f"{(copy / belongs_to).resolve()}\n")
    make = ["make", "--dry-run", ".venv/ready"]
    plan = subprocess.run(make, cwd=copy, capture_output=True, text=True, check=True).stdout
    assert ("rm -rf .venv" in plan) == anew and ("pip install" in plan) == anew


def test_the_readmes_tree_is_the_folder():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    tree = text.partition("<!-- tree -->")[2].partition("<!-- /tree -->")[0]
    told = set(re.findall(r"^([\w./-]+?)/? +\S", tree, flags=re.MULTILINE))
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    top = {line.split("/")[0] for line in tracked.split("\n") if line} - {".gitignore", ".gitattributes"}
    assert told == top


def test_the_readmes_commands_exist():
    readme, makefile = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "Makefile"))
    for target in set(re.findall(r"`make (\w+)`|^make (\w+)", readme, flags=re.MULTILINE)):
        assert re.search(rf"^{target[0] or target[1]}:", makefile, flags=re.MULTILINE)
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_methods_name_functions_and_proofs_that_exist():
    text = (ROOT / "docs" / "methods.md").read_text(encoding="utf-8")
    for line in re.findall(r"\*\*Functions?\.\*\* (.+)", text):
        assert set(re.findall(r"`(\w+)`", line)) <= set(ht.__all__)
    proofs = re.findall(r"`(tests/[\w/]+\.py)`", text)
    assert len(proofs) >= 10 and all((ROOT / proof).is_file() for proof in proofs)


def test_every_function_of_an_analysis_is_in_the_methods():
    text = (ROOT / "docs" / "methods.md").read_text(encoding="utf-8")
    analyses = {"quarterly", "growth", "quarterly_trends", "rates", "forecasts", "trends", "delays", "counties"}
    analyses |= {"associations", "intervals", "mixes", "bias", "overlap", "detection", "selection"}
    named = {n for n in ht.__all__ if getattr(getattr(ht, n), "__module__", "").removeprefix("htanalysis.") in analyses}
    functions = {name for name in named if name.islower()}
    assert not {name for name in functions if f"`{name}`" not in text}


def test_the_guide_for_staff_stays_at_two_printed_pages():
    text = (ROOT / "docs" / "staff-guide.md").read_text(encoding="utf-8")
    assert len(text.split()) <= 1_100, "with the picture more words are more than two pages: leave out what can go"
    assert (ROOT / "docs" / "template.png").stat().st_size < 60_000 and 'src="template.png"' in text


def read_imports():
    """Give for each module of the package which others it imports at once."""
    folder, imports = ROOT / "htanalysis", {}
    for path in folder.rglob("*.py"):
        name = path.relative_to(folder).with_suffix("").as_posix().replace("/", ".")
        text = path.read_text(encoding="utf-8")
        used = set(re.findall(r"^from htanalysis\.([\w.]+) import", text, flags=re.MULTILINE))
        rooms = r"^from htanalysis\.(charts|report|returns) import (.+)"
        for room, names in re.findall(rooms, text, flags=re.MULTILINE):
            used = used - {room} | {f"{room}.{part.split(' as ')[0]}" for part in names.split(", ")}
        for names in re.findall(r"^from htanalysis import (.+)", text, flags=re.MULTILINE):
            used |= {name for name in names.split(", ") if not name.startswith("_")}
        imports[name] = used
    return {name: used for name, used in imports.items() if not name.endswith("__init__")}


def test_the_package_imports_from_left_to_right():
    order = re.findall(
        r"[\w.]+",
        "settings errors report.imports report.cache intervals delays chains integers feasible forecasts trends "
        "charts.small "
        "returns.disclosure returns.looks returns.files returns.sheets returns.store returns.written "
        "report.execute report.cluster report.folder report.request report.glossary report.methods cli codebooks "
        "data quarters returns.records returns.register returns.measures report.notes citations export "
        "shell wording languages returns.versions returns.held returns.views returns.corrections returns.notices "
        "report.manifest results rates quarterly counties associations bias overlap "
        "charts.tables charts.look charts.draw charts.maps charts.show charts.svg charts.years returns.counts "
        "parameters returns.template returns.checks returns.withdrawals claims report.notebooks report.findings "
        "report.changes lead report.index report.search report.workbook commands growth report.pages "
        "report.editions report.build report.scenarios listings mixes detection nowcasts totals quarterly_trends "
        "selection grids explorer report.preload ",
    )
    imports = read_imports()
    assert set(imports) == set(order)
    for name, used in imports.items():
        assert all(order.index(module) < order.index(name) for module in used), name


def test_quarters_are_arithmetic_and_analyses_stand_on_few_levels():
    imports = read_imports()
    assert imports["quarters"] == {"data", "errors", "settings"}
    inner = {name: {each for each in used if "." not in each} for name, used in imports.items() if "." not in name}
    levels: dict[str, int] = {}
    for name in TopologicalSorter(inner).static_order():
        levels[name] = 1 + max((levels[each] for each in inner[name]), default=0)
    assert max(levels.values()) <= 7, {name: level for name, level in levels.items() if level > 7}


#: Files that hold no text, or, of the tests' returns, none in UTF-8.
BINARY = (".png", ".shp", ".shx", ".dbf", ".woff2")


def test_nothing_in_the_repository_speaks_of_a_machine():
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.split(b"\0")
    own = Path(__file__).resolve()
    for name in tracked:
        path = ROOT / name.decode()
        if name and path.is_file() and path != own and path.suffix not in BINARY and path.parent.name != "returns":
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"/(root|home|Users)/\w|index[-]url|files\.pythonhosted", text), path
