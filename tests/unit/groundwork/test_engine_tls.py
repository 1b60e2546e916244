"""TLS with engines: what the settings take, and whom a client believes."""

import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from groundwork.engine_tls import EngineTls
from spiderduck.bootstrap.parts import EVERYTHING, check
from spiderduck.config import Config
from spiderduck.errors import BadSetting
from spiderduck.settings.broker import BrokerConfig
from spiderduck.settings.cassandra import CassandraConfig
from spiderduck.settings.coordination import MemcachedConfig, ZookeeperConfig
from tests.engines.authority import Authority


@pytest.fixture
def tls(tmp_path: Path) -> EngineTls:
    authority = Authority(tmp_path)
    certificate, key = authority.issue("client")
    return EngineTls(True, str(authority.file), str(certificate), str(key))


def test_nothing_is_encrypted_unless_somebody_says_so() -> None:
    EngineTls().validate("memcached.tls")
    assert EngineTls().context() is None


def test_a_client_believes_the_authority_that_is_named_and_no_other(tls: EngineTls) -> None:
    """And checks the name, on TLS 1.2 at least."""
    tls.validate("memcached.tls")
    context = tls.context()
    assert context is not None
    assert [dict(part[0] for part in one["subject"]) for one in context.get_ca_certs()] == [
        {"commonName": "a throw-away authority"}
    ]
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    anybody = replace(tls, check_names=False).context()
    assert anybody is not None
    assert (anybody.verify_mode, anybody.check_hostname) == (ssl.CERT_REQUIRED, False)


@pytest.mark.parametrize("section", [BrokerConfig, CassandraConfig, ZookeeperConfig, MemcachedConfig])
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"enabled": False}, "takes enabled = true"),
        ({"key": ""}, "takes certificate and key, both or none"),
    ],
)
def test_what_cannot_be_is_refused(section: type, change: dict[str, object], said: str, tls: EngineTls) -> None:
    with pytest.raises(ValueError, match=said) as refused:
        section(tls=replace(tls, **change)).validate()
    assert ".tls" in str(refused.value)


@pytest.mark.parametrize("section", ["broker", "cassandra", "zookeeper", "memcached"])
@pytest.mark.parametrize(("name", "file"), [("authority", "/nowhere/ca.pem"), ("key", "/dev/null")])
def test_files_that_cannot_be_used_are_said_at_the_start(section: str, name: str, file: str, tls: EngineTls) -> None:
    """By the setting's name and the file's, before any engine is waited for."""
    wrong = replace(tls, **{name: file})
    config = Config(**{section: replace(getattr(Config(), section), tls=wrong)})
    with pytest.raises(BadSetting, match=rf"{section}\.tls takes PEM files that belong together; .*{file}"):
        check(EVERYTHING, config)


def test_what_one_engine_alone_asks_for(tls: EngineTls) -> None:
    """An address with amqps and no settings would check the chain and not the name; one driver takes one authority;
    a password is shown as it stands in the server's file."""
    with pytest.raises(ValueError, match=r"set broker\.tls\.enabled = true"):
        BrokerConfig("amqps://user:password@broker//").validate()
    BrokerConfig("amqps://user:password@broker//", tls=tls).validate()
    with pytest.raises(ValueError, match=r"cassandra\.tls\.authority is empty"):
        CassandraConfig(tls=EngineTls(True)).validate()
    for wrong in ("word", "user:pass\r\nword"):
        with pytest.raises(ValueError, match=r"memcached\.auth takes"):
            MemcachedConfig(auth=wrong).validate()
    assert "quack" not in repr(MemcachedConfig(auth="user:quack"))
