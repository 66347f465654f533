import subprocess
import sys

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


def test_every_finding_that_is_missing_says_what_to_do() -> None:
    for finding in doctor.examine():
        assert finding.ok is not False or finding.remedy, finding
