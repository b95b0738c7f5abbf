"""All of nova in one process: conductor, scheduler and compute, and the API as the WSGI application.

In one process the parts reach each other over oslo.messaging's in-process bus, so that no message broker is needed.
Nova's own code is as released. What is particular: the compute part reads the database itself, instead of asking
the conductor, since both have the same one.

Importing nova takes longer than the rest, so it is done while the other services start; CLOUD_GO_FILE appears when
they are there. Runs inside uWSGI, in the services' Python.
"""

# Nova decides at its very first import whether it runs on threads.
from nova import monkey_patch

monkey_patch.patch(backend="threading")

import os
import shlex
import time
from pathlib import Path

import os_brick
import os_vif
import sqlite_writers  # noqa: F401
from nova import context, objects, service, utils
from nova.api.openstack import wsgi_app
from nova.compute import rpcapi as compute_messages
from nova.conductor import rpcapi as conductor_messages
from nova.objects import host_mapping
from nova.scheduler import rpcapi as scheduler_messages
from oslo_privsep import priv_context
from oslo_service import opts as service_options

import nova.conf

CONF = nova.conf.CONF
API = "osapi_compute"


def _wait_for_the_other_services() -> None:
    go_file = Path(os.environ["CLOUD_GO_FILE"])
    while not go_file.exists():
        time.sleep(0.05)


def _start_the_parts() -> None:
    priv_context.init(root_helper=shlex.split(utils.get_root_helper()))
    objects.register_all()
    os_brick.setup(CONF)
    os_vif.initialize()
    objects.Service.enable_min_version_cache()
    service.Service.create(binary="nova-conductor", topic=conductor_messages.RPC_TOPIC).start()
    service.Service.create(binary="nova-scheduler", topic=scheduler_messages.RPC_TOPIC).start()
    service.Service.create(
        binary="nova-compute",
        topic=compute_messages.RPC_TOPIC,
        topic_alt=compute_messages.RPC_TOPIC_ALT,
    ).start()
    # What `nova-manage cell_v2 discover_hosts` does: the scheduler sees the compute host only from then on.
    host_mapping.discover_hosts(context.get_admin_context(), status_fn=lambda message: None)


service_options.register_service_opts(CONF)
wsgi_app.init_global_data(wsgi_app._get_config_files(), API, "nova")
_wait_for_the_other_services()
_start_the_parts()
application = wsgi_app.init_application(API, "nova")
