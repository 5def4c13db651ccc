"""nornir's threaded runner, with netmiko's tasks."""

from nornir.core import Nornir
from nornir.core.configuration import Config
from nornir.core.inventory import ConnectionOptions, Defaults, Groups, Host, Hosts, Inventory
from nornir.core.plugins.connections import ConnectionPluginRegister
from nornir.plugins.runners import ThreadedRunner
from nornir_netmiko import netmiko_send_command

import peer


def hosts(sweep):
    timeouts = {"conn_timeout": peer.TIMEOUT, "auth_timeout": peer.TIMEOUT, "banner_timeout": peer.TIMEOUT}
    for device in sweep.devices:
        telnet = device["transport"] == "telnet"
        yield device["name"], Host(
            name=device["name"],
            hostname=device["address"],
            port=device["port"],
            username=sweep.username,
            password=sweep.password,
            platform="cisco_ios_telnet" if telnet else "cisco_ios",
            connection_options={"netmiko": ConnectionOptions(extras=timeouts)},
        )


def commands(task, sweep):
    for command in sweep.commands:
        netmiko_send_command(task, command, read_timeout=peer.TIMEOUT)
    task.host.close_connections()


def run(sweep):
    ConnectionPluginRegister.auto_register()
    inventory = Inventory(hosts=Hosts(hosts(sweep)), groups=Groups(), defaults=Defaults())
    nornir = Nornir(inventory, Config(), runner=ThreadedRunner(num_workers=sweep.sessions))
    results = nornir.run(commands, sweep=sweep)
    return len(sweep.devices) - len(results.failed_hosts)


peer.measure(run)
