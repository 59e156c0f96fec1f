"""Kernels that begin with all imports done, and note what their notebook reads.

They are Jupyter kernels like others, each a process with a namespace of its own, which papermill and nbclient start and
end as any other. Where processes are not forked, Jupyter starts them as ever.
"""

import os
from pathlib import Path
from typing import Any

from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.provisioning import LocalProvisioner

from htanalysis import forks, inputs, settings

#: The file, beside a kernel's sockets, in which it notes what it reads.
LOG = "inputs.jsonl"

#: What a kernel that was not forked does first.
_WATCH = "--IPKernelApp.exec_lines=['import htanalysis.inputs; htanalysis.inputs.watch()']"


class Provisioner(LocalProvisioner):
    """Starts the kernel of a run."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> dict[str, Any]:
        """Start a kernel as `LocalProvisioner` does, which is also what happens where nothing can be forked."""
        own = Path(self.parent.connection_file).parent
        told = {inputs.LOG: str(own / LOG), "HTANALYSIS_HOME": str(settings.HOME), "IPYTHONDIR": str(own / "ipython")}
        kwargs["env"] = kwargs["env"] | forks.ONE_THREAD | told
        if forks.AVAILABLE:
            try:
                arguments = cmd[cmd.index("ipykernel_launcher") + 1 :]
                self.process = forks.Fork(_be_kernel, arguments, kwargs["env"], Path.cwd())
                self.pid = self.pgid = self.process.pid
                return self.connection_info
            except (OSError, EOFError):
                pass
        return await super().launch_kernel([*cmd, _WATCH], **kwargs)


class KernelManager(AsyncKernelManager):
    """Manages a kernel that comes from our provisioner, whatever the notebook's kernel specification names."""

    @property
    def kernel_spec(self) -> KernelSpec:
        """Give the specification of the notebook's kernel, with our provisioner."""
        spec = super().kernel_spec
        spec.metadata["kernel_provisioner"] = {"provisioner_name": "htanalysis"}
        return spec


def _be_kernel(arguments: list[str], env: dict[str, str], folder: Path) -> None:
    """Become a kernel, in the child of a fork."""
    import numpy as np
    from ipykernel.kernelapp import IPKernelApp

    np.random.seed()  # Python's own generator begins anew in a fork, NumPy's shared one does not.
    os.environ.clear()
    os.environ.update(env)
    os.chdir(folder)
    settings.HOME = settings.find_home()
    inputs.watch()
    # A kernel that has a parent does not tell a terminal how to connect to it.
    IPKernelApp.launch_instance(argv=[*arguments, f"--IPKernelApp.parent_handle={os.getppid()}"])
