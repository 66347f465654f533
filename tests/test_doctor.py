import subprocess
import sys
from importlib import import_module
from types import ModuleType

import pytest

from napari_ggs import doctor


def test_what_a_bare_machine_lacks_is_named_by_its_debian_packages(monkeypatch) -> None:
    monkeypatch.setattr(doctor, "LIBRARIES", {"libnothing-ggs.so.1": "libnothing1"})
    monkeypatch.setattr(doctor, "PROGRAMS", {"no-such-program-ggs": "nosuch"})
    assert doctor.missing_packages() == ["libnothing1", "nosuch"]


def test_without_the_right_to_install_the_one_line_to_run_is_printed(monkeypatch, capsys) -> None:
    monkeypatch.setattr(doctor.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(doctor.shutil, "which", lambda _: None)
    assert doctor.install(["libegl1", "xvfb"]) == 2
    assert "sudo apt-get update && sudo apt-get install -y libegl1 xvfb" in capsys.readouterr().err


def test_the_check_of_system_libraries_needs_the_standard_library_only() -> None:
    script = (
        "import sys, napari_ggs.doctor\n"
        "print(sorted({'numpy', 'torch', 'rich', 'typer'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize("fault", [ImportError("no such"), RuntimeError("built for numpy 1")])
def test_a_library_that_is_missing_or_broken_says_what_to_do(monkeypatch, fault) -> None:
    def imported(name: str) -> ModuleType:
        if name == "tifffile":
            raise fault
        return import_module(name)

    monkeypatch.setattr(doctor, "import_module", imported)
    [missing] = [finding for finding in doctor.examine() if finding.ok is False]
    assert missing.what == "tifffile"
    assert str(fault) in missing.detail
    assert "pip install --force-reinstall tifffile" in missing.remedy


@pytest.mark.parametrize("there", [True, False])
def test_the_device_is_the_one_where_networks_compute(monkeypatch, there: bool) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "GeForce 9")
    [device] = [finding for finding in doctor.examine() if finding.what == "device"]
    assert device.detail.startswith("GeForce 9; the networks use it" if there else "CPU, ")
    assert device.ok


@pytest.mark.parametrize("library", ["libfontconfig.so.1", "libgthread-2.0.so.0"])
def test_libraries_that_qt_itself_links_to_are_looked_for(library: str, monkeypatch) -> None:
    monkeypatch.setattr(doctor.platform, "system", lambda: "Linux")
    monkeypatch.setattr(doctor, "_loads", lambda name: name != library)
    monkeypatch.setattr(doctor, "PROGRAMS", {})
    [package] = doctor.missing_packages()
    assert package in ("libfontconfig1", "libglib2.0-0")


@pytest.mark.parametrize(("word", "code"), [("--help", 0), ("--instal!", 2)])
def test_words_are_read_whether_or_not_something_is_missing(
    word: str, code: int, monkeypatch, capsys
) -> None:
    monkeypatch.setattr(doctor, "missing_packages", list)
    monkeypatch.setattr("sys.argv", ["doctor", word])
    with pytest.raises(SystemExit) as ended:
        doctor.main()
    assert ended.value.code == code
    assert "--install" in "".join(capsys.readouterr())


def test_the_browser_is_asked_for_by_itself(monkeypatch, capsys) -> None:
    monkeypatch.setattr(doctor.platform, "system", lambda: "Linux")
    monkeypatch.setattr(doctor, "BROWSER", {"no-such-browser-ggs": "nosuch"})
    assert "nosuch" not in doctor.missing_packages()
    monkeypatch.setattr("sys.argv", ["doctor", "--browser"])
    assert doctor.main() == 2
    assert capsys.readouterr().out == "Missing system packages: nosuch\n"
