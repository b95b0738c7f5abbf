"""Two real OpenStack clouds on loopback: the parts that `clouds.py` puts together.

Read in this order: `layout` (which file is where), `services` (what a cloud runs), `install` and `template`
(what is done once), `config` (what the services read), `process` (one service as an operating system process),
`api` (one HTTP call), `cloud` (a whole cloud, from nothing to ready), `report` (the JSON document), `commands`
(one function a subcommand).
"""
