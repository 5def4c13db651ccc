"""netmiko, in a pool of threads."""

from netmiko import ConnectHandler

import peer


def session(sweep, device):
    telnet = device["transport"] == "telnet"
    with ConnectHandler(
        device_type="cisco_ios_telnet" if telnet else "cisco_ios",
        host=device["address"],
        port=device["port"],
        username=sweep.username,
        password=sweep.password,
        conn_timeout=peer.TIMEOUT,
        auth_timeout=peer.TIMEOUT,
        banner_timeout=peer.TIMEOUT,
    ) as connection:
        for command in sweep.commands:
            connection.send_command(command, read_timeout=peer.TIMEOUT)


peer.threads(session)
