"""Runs a command of this package: python -m perfpipe perf-gen --help"""

import os
import sys
import sysconfig

COMMANDS = ("perf-gen", "perf-send", "perf-stats", "perf-plot", "evalscope-perf")


def find(command):
    """Returns the path of a command, in the folders where installers put scripts."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    user = "osx_framework_user" if sys.platform == "darwin" and sys._framework else os.name + "_user"
    folders = [
        sysconfig.get_path("scripts"),
        sysconfig.get_path("scripts", scheme=user),
        os.path.join(package, "bin"),  # pip install --target
    ]
    for folder in folders:
        path = os.path.join(folder, command + (sysconfig.get_config_var("EXE") or ""))
        if os.path.isfile(path):
            return path
    sys.exit(f"perfpipe: there is no {command} in {', '.join(folders)}\nhint: reinstall the package perfpipe")


def main():
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        print(f"usage: python -m perfpipe COMMAND ...\nhint: the commands are {', '.join(COMMANDS)}", file=sys.stderr)
        sys.exit(2)
    path = find(sys.argv[1])
    if os.name == "nt":
        import subprocess

        sys.exit(subprocess.run([path, *sys.argv[2:]]).returncode)
    os.execv(path, [path, *sys.argv[2:]])


if __name__ == "__main__":
    main()
