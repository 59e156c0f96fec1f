"""Run the notebook that is no page, notebooks/explore.ipynb, as a report runs the others: `make notebooks`.

It is run without a kernel, so that what is committed are its sentences, and no widget that could not be moved.
"""

from pathlib import Path

from htanalysis import settings
from htanalysis.report.cache import pack
from htanalysis.report.execute import plan_task, read_task, run_tasks
from htanalysis.returns.views import hand_over

if __name__ == "__main__":
    path = Path(settings.HOME) / "notebooks" / "explore.ipynb"
    task = plan_task(read_task(path), {}, {}, hand_over(as_of="report", audience="public"))
    ((_, outcome),) = run_tasks([task], pack(settings.HOME), 1)
    if outcome.failure:
        raise SystemExit(str(outcome.failure))
    path.write_bytes(outcome.notebook)
