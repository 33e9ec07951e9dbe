"""The command lines `openstack` and `cinder`, as their programs run them, a process for each command.

Their modules are loaded once: that is most of what a command takes. A request is a line of JSON on standard input,
{"program", "args", "env"}; its answer is a line, {"status", "out", "err"}.
"""
import importlib
import json
import logging
import os
import sys
import tempfile
import traceback

import cinderclient.shell
import openstackclient.shell

# What the programs load by name, when they know what they are asked for.
for name in (
    "cinderclient.v3.client", "cinderclient.v3.shell", "keystoneauth1.loading",
    "keystoneauth1.identity.v3", "keystoneclient.v3.client", "openstack.connection",
    "openstackclient.volume.client", "openstackclient.volume.v2.volume",
):
    importlib.import_module(name)

MAINS = {"cinder": cinderclient.shell.main, "openstack": openstackclient.shell.main}


def command(program, args, env):
    os.environ.clear()
    os.environ.update(env)
    sys.argv = [program, *args]
    if program == "openstack":
        # Loading the other client has set up a log that this one does not have.
        logging.getLogger().handlers.clear()
    try:
        status = MAINS[program]()
    except SystemExit as error:
        status = error.code
        if isinstance(status, str):
            print(status, file=sys.stderr)
            status = 1
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return status or 0


def answer(request):
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            nothing = os.open(os.devnull, os.O_RDONLY)
            for number, file in enumerate((nothing, out.fileno(), err.fileno())):
                os.dup2(file, number)
            os._exit(command(**request))
        _, status = os.waitpid(child, 0)
        said = []
        for file in (out, err):
            file.seek(0)
            said.append(file.read().decode())
    return {"status": os.waitstatus_to_exitcode(status), "out": said[0], "err": said[1]}


for line in sys.stdin:
    reply = json.dumps(answer(json.loads(line)))
    print(reply, flush=True)
