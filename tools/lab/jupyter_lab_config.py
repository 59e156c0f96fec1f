"""How `make lab` sets up JupyterLab: with the style in this folder beside its own."""

from pathlib import Path

from jupyter_server.serverapp import ServerApp

c = get_config()  # noqa: F821, Jupyter gives it
c.LabApp.custom_css = True
# Only a user's own folder may hold a style, unless this place may be set as others may.
ServerApp.static_custom_path.tag(config=True)
c.ServerApp.static_custom_path = [str(Path(__file__).with_name("custom"))]
