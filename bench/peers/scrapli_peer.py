"""scrapli's synchronous driver in a pool of threads; SSH through ssh2-python (libssh2)."""

from scrapli.driver.core import IOSXEDriver

import peer


def session(sweep, device):
    with IOSXEDriver(
        host=device["address"],
        port=device["port"],
        auth_username=sweep.username,
        auth_password=sweep.password,
        auth_strict_key=False,
        ssh_config_file=False,
        transport="telnet" if device["transport"] == "telnet" else "ssh2",
        timeout_socket=peer.TIMEOUT,
        timeout_transport=peer.TIMEOUT,
        timeout_ops=peer.TIMEOUT,
    ) as connection:
        for command in sweep.commands:
            connection.send_command(command)


peer.threads(session)
