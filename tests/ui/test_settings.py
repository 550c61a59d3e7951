from __future__ import annotations

import re
from pathlib import Path

import pytest

from ui.settings import Settings, SloSettings, known_keys
from ui.settings_reading import LoadedSettings, SettingsError, load_settings, variable_of


def load(folder: Path, text: str = "", **environment: str) -> LoadedSettings:
    if text:
        (folder / "firedrill.toml").write_text(text, encoding="utf-8")
    return load_settings(folder=folder, environment=environment)


def refusal(folder: Path, text: str = "", **environment: str) -> str:
    with pytest.raises(SettingsError) as refused:
        load(folder, text, **environment)
    return str(refused.value)


def test_nothing_needs_to_be_set(tmp_path: Path) -> None:
    loaded = load(tmp_path)
    assert loaded.settings.model_copy(update={"workspace": Settings().workspace}) == Settings()
    assert loaded.settings.workspace.path == tmp_path / ".firedrill"
    assert (loaded.origins, loaded.file) == ({}, None)


def test_the_environment_wins_over_the_file_and_the_file_over_the_defaults(tmp_path: Path) -> None:
    loaded = load(tmp_path, "[server]\nport = 9000\nsystem = 'loja'\n", FIREDRILL_SERVER_PORT="9001")
    assert (loaded.settings.server.port, loaded.settings.server.system) == (9001, "loja")
    assert loaded.settings.pages.port == Settings().pages.port
    file = str(tmp_path / "firedrill.toml")
    assert loaded.origins == {"server.port": "FIREDRILL_SERVER_PORT", "server.system": file}


def test_a_file_can_be_named_by_argument_and_by_the_environment_in_that_order(tmp_path: Path) -> None:
    for port, name in ((9001, "one.toml"), (9002, "dois ção.toml")):
        (tmp_path / name).write_text(f"[pages]\nport = {port}\n")
    by_environment = {"FIREDRILL_CONFIG": str(tmp_path / "one.toml")}
    assert load_settings(folder=tmp_path, environment=by_environment).settings.pages.port == 9001
    named = load_settings(file=tmp_path / "dois ção.toml", folder=tmp_path, environment=by_environment)
    assert (named.settings.pages.port, named.file) == (9002, tmp_path / "dois ção.toml")


def test_every_key_can_be_set_in_the_environment(tmp_path: Path) -> None:
    (tmp_path / "segredo").write_text("from a file\n")
    files = {"knowledge.database_url_file": "segredo", "knowledge.index_token_file": "segredo"}
    values = {
        "workspace.path": "here",
        "server.host": "localhost",
        "server.system": "loja ção",
        "collector.host": "0.0.0.0",
        "collector.retention_hours": "0.5",
        "detector.interval_seconds": "2.5",
        "model.name": "openai/x",
        "model.api_base": "http://127.0.0.1:1",
        "model.timeout_seconds": "3",
        "model.max_tokens": "7",
        "embedding.model": "folder",
        "embedding.precision": "bfloat16",
        "knowledge.database_url": "postgresql://a:b@c/e",
        "knowledge.index_url": "https://chroma.example:8000/",
        "knowledge.index_token": "segredo",
        "knowledge.index_collection": "de-la-equipo",
        "knowledge.two_person_rule": "true",
        "knowledge.review_days": "90",
        "knowledge.cross_encoder": "a-model",
        "shop.database_url": "postgresql://a:b@c/d",
        "shop.daily_load": "true",
    }
    values |= {key: str(20_000 + number) for number, key in enumerate(known_keys()) if key.endswith("port")}
    assert {*values, *files} == set(known_keys())
    loaded = load(tmp_path, **{variable_of(key): value for key, value in values.items()})
    assert set(loaded.origins) == set(values)
    assert loaded.settings.knowledge.index_url == "https://chroma.example:8000"
    assert loaded.settings.shop.daily_load is True
    assert loaded.settings.workspace.path == tmp_path / "here"
    assert loaded.settings.shop.database_url.get_secret_value() == "postgresql://a:b@c/d"
    for key in values:
        section, name = key.split(".")
        assert getattr(getattr(loaded.settings, section), name) != getattr(getattr(Settings(), section), name), key


def test_objectives_are_a_list_in_the_file(tmp_path: Path) -> None:
    text = "[[slo]]\nname = 'pagos'\nservice = 'payments'\n[[slo]]\nthreshold_ms = 300\nobjective = 0.95\n"
    loaded = load(tmp_path, text)
    assert loaded.settings.slo == (
        SloSettings(name="pagos", service="payments"),
        SloSettings(threshold_ms=300, objective=0.95),
    )
    assert loaded.origins["slo"].endswith("firedrill.toml")
    assert load(tmp_path, "slo = []").settings.slo == ()


def test_a_home_folder_and_an_absolute_folder_are_themselves(tmp_path: Path) -> None:
    assert load(tmp_path, FIREDRILL_WORKSPACE_PATH="~/drills").settings.workspace.path == Path.home() / "drills"
    assert load(tmp_path, FIREDRILL_WORKSPACE_PATH="/srv/drills").settings.workspace.path == Path("/srv/drills")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[server]\nprot = 1", "there is no setting 'server.prot'. Did you mean 'server.port'?"),
        ("[sever]\nport = 1", "there is no setting 'sever'. Did you mean 'server'?"),
        ("[[slo]]\nobjectiv = 0.9", "there is no setting 'slo.0.objectiv'. Did you mean 'slo.0.objective'?"),
        ("[model]\nzzz = 1", "Known are: model.name, model.api_base"),
        ("server = 1", "'server' is a section; write [server]"),
        ("slo = 1", "'slo' is a list; write [[slo]]"),
        ("[slo]\nname = 'a'", "'slo' is a list; write [[slo]]"),
        ("[server]\nport = 'x'", "server.port: Input should be a valid integer"),
        ("[server]\nport = true", "server.port: should not be true or false"),
        ("[server]\nport = 0", "server.port: Input should be greater than or equal to 1"),
        ("[server]\nport = 65536", "server.port: Input should be less than or equal to 65535"),
        ("[server]\nsystem = ' '", "server.system: String should have at least 1 character"),
        ("[server]\nhost = '0.0.0.0'", "server.host: should be 127.0.0.1"),
        ("[workspace]\npath = ''", "workspace.path: should not be empty"),
        ("[workspace]\npath = '~nosuchuser/x'", "workspace.path: has no such home folder"),
        ("[workspace]\npath = 5", "workspace.path: Input is not a valid path"),
        ("[collector]\nretention_hours = nan", "collector.retention_hours: Input should be a finite number"),
        ("[collector]\nretention_hours = 0", "collector.retention_hours: Input should be greater than 0"),
        ("[shop]\ndaily_load = 'perhaps'", "shop.daily_load: Input should be a valid boolean"),
        ("[[slo]]\nobjective = 1", "slo.0.objective: Input should be less than 1"),
        ("[knowledge]\nindex_url = 'chroma:8000'", "knowledge.index_url: should be an address such as https://"),
        (
            "[knowledge]\nindex_url = 'http://a:b@chroma'",
            "knowledge.index_url: should be scheme, host, port and path only",
        ),
        ("[knowledge]\nreview_days = 0", "knowledge.review_days: Input should be greater than or equal to 1"),
        ("[knowledge]\ntwo_person_rule = 3", "knowledge.two_person_rule: Input should be a valid boolean"),
        ("[pages]\nport = 8500", "server.port and pages.port are both 8500; give each a port of its own"),
        ("[server", "cannot be read: Expected ']'"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_what_would_be_right(tmp_path: Path, text: str, said: str) -> None:
    found = refusal(tmp_path, text)
    assert said in found
    assert "firedrill.toml" in found


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    assert len(refusal(tmp_path, "[server]\nport = 'x'\n[model]\nmax_tokens = 0\n").splitlines()) == 2


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "firedrill.toml").write_bytes(b"\xff\xfe")
    assert "cannot be read" in refusal(tmp_path)


def test_a_file_that_was_named_has_to_be_there(tmp_path: Path) -> None:
    assert "there is no settings file" in refusal(tmp_path, FIREDRILL_CONFIG="no.toml")
    with pytest.raises(SettingsError, match="there is no settings file"):
        load_settings(file=tmp_path, folder=tmp_path, environment={})


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("FIREDRILL_SERVER_PROT", "1", "which is no setting. Did you mean 'FIREDRILL_SERVER_PORT'?"),
        ("FIREDRILL_SLO", "[]", "so write [[slo]] in firedrill.toml"),
        ("FIREDRILL_SERVER_PORT", "many", "FIREDRILL_SERVER_PORT: server.port: Input should be a valid integer"),
        ("FIREDRILL_SERVER_PORT", "", "FIREDRILL_SERVER_PORT is empty; unset it or give a value"),
        ("FIREDRILL_WORKSPACE_PATH", "", "FIREDRILL_WORKSPACE_PATH is empty; unset it or give a value"),
        ("FIREDRILL_KNOWLEDGE_INDEX_TOKEN", "t", "knowledge: index_token is given and index_url is not"),
        ("FIREDRILL_SHOP_DAILY_LOAD", "2", "FIREDRILL_SHOP_DAILY_LOAD: shop.daily_load"),
    ],
)
def test_a_mistake_in_the_environment_is_named_with_its_variable(
    tmp_path: Path, variable: str, value: str, said: str
) -> None:
    assert said in refusal(tmp_path, **{variable: value})


def test_variables_that_we_set_for_our_processes_and_those_of_others_are_no_settings(tmp_path: Path) -> None:
    load(tmp_path, FIREDRILL_SERVER_URL="x", FIREDRILL_SANDBOX="x", FIREDRILL_TELEMETRY="x", DATABASE_URL="x", PATH="x")


def test_a_secret_may_not_stand_in_the_file_and_is_not_repeated(tmp_path: Path) -> None:
    found = refusal(tmp_path, "[shop]\ndatabase_url = 'postgresql://a:segredo@b/c'")
    assert "set FIREDRILL_SHOP_DATABASE_URL in the environment" in found
    assert "segredo" not in found
    loaded = load(tmp_path / "none", FIREDRILL_SHOP_DATABASE_URL="postgresql://a:segredo@b/c")
    assert "segredo" not in repr(loaded)


def test_a_secret_of_the_knowledge_base_may_lie_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "base de dados").write_text("\n  postgresql://ana:segredo@host/ção \n", encoding="utf-8")
    text = "[knowledge]\ndatabase_url_file = 'base de dados'\n"
    loaded = load(tmp_path, text)
    assert loaded.settings.knowledge.database_url.get_secret_value() == "postgresql://ana:segredo@host/ção"
    assert loaded.origins["knowledge.database_url"] == str(tmp_path / "base de dados")
    assert "segredo" not in repr(loaded)
    assert "both FIREDRILL_KNOWLEDGE_DATABASE_URL and" in refusal(
        tmp_path, text, FIREDRILL_KNOWLEDGE_DATABASE_URL="sqlite://"
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "No such file"), (b" \n", "which is empty"), (b"\xff\xfesegredo", "it is no UTF-8 text")],
)
def test_a_file_of_a_secret_that_cannot_be_used_is_named_and_not_repeated(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    if content is not None:
        (tmp_path / "token").write_bytes(content)
    found = refusal(tmp_path, "[knowledge]\nindex_url = 'http://h'\nindex_token_file = 'token'\n")
    assert f"knowledge.index_token_file names {tmp_path / 'token'}" in found
    assert said in found
    assert "segredo" not in found


@pytest.mark.parametrize("key", ["database_url", "index_token"])
def test_the_secrets_of_the_knowledge_base_may_not_stand_in_the_file(tmp_path: Path, key: str) -> None:
    found = refusal(tmp_path, f"[knowledge]\n{key} = 'segredo'\n")
    assert f"set FIREDRILL_KNOWLEDGE_{key.upper()} in the environment or knowledge.{key}_file instead" in found


def test_the_manual_has_every_key_with_its_default_and_its_variable() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| (.*?) \| (.*?) \|", manual, re.MULTILINE)
    keys = {key: (default, variable) for key, default, variable in rows}
    objectives = {f"slo.{key}" for key in SloSettings.model_fields}
    assert set(keys) == {*known_keys(), *objectives}
    for key in known_keys():
        section, name = key.split(".")
        default = getattr(getattr(Settings(), section), name)
        written = "(none)" if str(default) == "" else f"`{str(default).lower() if default is False else default}`"
        assert keys[key] == (written, f"`{variable_of(key)}`")
