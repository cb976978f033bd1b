"""Tools that ask what a machine is: services, registry, namespaces, by `net rpc`, rpcclient and impacket's scripts."""

import sys
from pathlib import Path

import pytest

from tests.clients.client_runs import PASSWORD, USER, Running, need, run
from tests.clients.test_dfs_clients import in_own_network

pytestmark = pytest.mark.client

NT1 = ("--option=client min protocol=NT1", "--option=client max protocol=NT1")


def net(smb: Running, *words: str) -> str:
    need("net")
    return run(
        "net", "-U", f"{USER}%{PASSWORD}", "-S", "127.0.0.1", "-p", str(smb.port), *NT1, "rpc", *words
    ).stdout


def test_net_lists_services_and_tells_of_one(smb: Running) -> None:
    listed = net(smb, "service", "list")
    assert '"Server"' in listed
    assert '"Remote Procedure Call (RPC)"' in listed
    told = net(smb, "service", "status", "Netlogon")
    assert "Netlogon service is stopped." in told
    assert "Executable Path      = C:\\WINDOWS\\system32\\lsass.exe" in told
    assert "WERR_SERVICE_DOES_NOT_EXIST" in net(smb, "service", "status", "nothing")
    assert "WERR_ACCESS_DENIED" in net(smb, "service", "start", "Netlogon")


def test_net_reads_the_registry(smb: Running) -> None:
    told = net(smb, "registry", "enumerate", "HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion")
    assert "Keyname   = Print" in told
    assert 'Value      = "Microsoft Windows Server 2003"' in told
    share = net(
        smb, "registry", "getvalue", "HKLM\\SYSTEM\\CurrentControlSet\\Services\\LanmanServer\\Shares", "docs"
    )
    assert 'Value[002] = "Path=C:\\docs"' in share
    assert "WERR_ACCESS_DENIED" in net(smb, "registry", "createkey", "HKLM\\SOFTWARE\\x")
    assert "registry_queryvalue failed: NT_STATUS_NO_SUCH_DEVICE" in net(
        smb, "registry", "getvalue", "HKLM\\SOFTWARE", "x"
    )


def test_rpcclient_finds_no_namespace_and_no_event_log(smb: Running) -> None:
    need("rpcclient")
    words = ("rpcclient", "-U", f"{USER}%{PASSWORD}", "127.0.0.1", "-p", str(smb.port), *NT1)
    told = run(*words, "-c", "dfsversion; dfsenum").stdout
    assert "dfs is present (4)" in told
    assert "WERR_NO_MORE_ITEMS" in told
    log = run(*words, "-c", "eventlog_numrecord Application").stdout
    assert "NT_STATUS_OBJECT_NAME_NOT_FOUND" in log


def test_rpcclient_lists_a_namespace() -> None:
    need("rpcclient")
    asked = (
        "dfsenum 3; dfsgetinfo //x/all/link 127.0.0.2 other 3; dfsenumex //x/all 1; dfsadd //x/all/n s t c"
    )
    told = in_own_network("rpcclient", "-U", "u%p", "127.0.0.1", *NT1, "-c", asked)
    assert told.count("path: \\\\FAKESMB\\all\\sub\\far") == 2
    assert told.count("storage[0] share: other\n") == 2
    assert "storage[1] share: other\\deep" in told
    assert "WERR_ACCESS_DENIED" in told


def test_impackets_scripts() -> None:
    scripts = Path(sys.executable).parent
    if not (scripts / "services.py").exists():
        pytest.skip("impacket has come without its scripts")

    def script(name: str, *words: str) -> str:
        return f"{sys.executable} {scripts / name} 'u:p@127.0.0.1' {' '.join(words)}"

    path = "'HKLM\\SYSTEM\\CurrentControlSet\\Services\\LanmanServer'"
    commands = (
        script("reg.py", "query", "-keyName", path, "-s"),
        script("services.py", "list"),
        script("services.py", "start", "-name", "Spooler"),
        "echo info | " + script("smbclient.py"),
    )
    told = in_own_network("sh", "-c", "; ".join(commands))
    assert "srvcomment\tREG_SZ" in told
    assert "Path=C:\\plain" in told
    assert "Print Spooler -  STOPPED" in told
    assert "Distributed File System -  RUNNING" in told
    assert "rpc_s_access_denied" in told
    assert "Version Major: 5" in told
