"""All settings of a process: a YAML profile, what the local stack recorded of its ports, and IMAGESEARCH_* over both."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from config.sections import (
    AuthSettings,
    BlobSettings,
    FilterSettings,
    HttpSettings,
    ImageSettings,
    ImportSettings,
    LoadSettings,
    LogSettings,
    MilvusSettings,
    ModelSettings,
    RaySettings,
    RedisSettings,
    S3Settings,
    SearchSettings,
    ServeSettings,
    SourceSettings,
    SqlSettings,
    StreamSettings,
    TracingSettings,
    VerifySettings,
)
from imagesearch.errors import ConfigError

PROJECT_ROOT = Path(__file__).resolve().parent.parent
PROFILE_VARIABLE = "IMAGESEARCH_PROFILE"


class Settings(BaseSettings):
    """Every setting, frozen; travels by value to replicas, actors and jobs."""

    model_config = SettingsConfigDict(
        env_prefix="IMAGESEARCH_", env_nested_delimiter="__", env_ignore_empty=True, frozen=True, extra="forbid"
    )

    profile: str = "local"
    embedded: bool = Field(False, description="whether the stores are the local stack's, started by `imagesearch up`")
    home: Path = Field(PROJECT_ROOT / ".imagesearch", description="where the local stack keeps data, logs and pids")
    api_key: SecretStr | None = Field(None, description="the key that commands show to a service that asks for one")
    sql: SqlSettings
    milvus: MilvusSettings
    redis: RedisSettings = RedisSettings()
    blobs: BlobSettings
    s3: S3Settings = S3Settings()
    sources: SourceSettings = SourceSettings()
    images: ImageSettings = ImageSettings()
    model: ModelSettings = ModelSettings()
    load: LoadSettings = LoadSettings()
    stream: StreamSettings = StreamSettings()
    imports: ImportSettings = ImportSettings()
    search: SearchSettings = SearchSettings()
    verify: VerifySettings = VerifySettings()
    auth: AuthSettings = AuthSettings()
    filter: FilterSettings = FilterSettings()
    http: HttpSettings = HttpSettings()
    ray: RaySettings = RaySettings()
    logs: LogSettings = LogSettings()
    tracing: TracingSettings = TracingSettings()
    serve: ServeSettings = ServeSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the environment above what `load_settings` read from files."""
        return env_settings, init_settings


def load_settings(profile: str | None = None) -> Settings:
    """Read the profile (argument, else IMAGESEARCH_PROFILE, else `local`), the local stack's record, the environment.

    A profile is the name of a file in config/ or the path of a YAML file. Raises ConfigError naming what is wrong.
    """
    profile = profile or os.environ.get(PROFILE_VARIABLE) or "local"
    path = PROJECT_ROOT / "config" / f"{profile}.yaml"
    if profile.endswith((".yaml", ".yml")):
        # Handed on to replicas and jobs, which run in other folders.
        path = Path(profile).absolute()
        profile = str(path)
    home = Path(os.environ.get("IMAGESEARCH_HOME") or PROJECT_ROOT / ".imagesearch").absolute()
    values = read_yaml(path, home)
    if values.get("embedded"):
        record = home / "run" / "settings.yaml"
        if record.exists():
            values = merge(values, read_yaml(record, home))
    try:
        return Settings(**{"profile": profile, "home": home, **values})
    except ValidationError as exc:
        wrong = "; ".join(
            f"{'.'.join(map(str, e['loc']))} (IMAGESEARCH_{'__'.join(map(str, e['loc'])).upper()}): {e['msg']}"
            for e in exc.errors()
        )
        # Pydantic's own text repeats the input, which may be a password.
        raise ConfigError(f"settings of profile {profile!r}: {wrong}") from None


def read_yaml(path: Path, home: Path) -> dict[str, Any]:
    """Read a mapping; `${home}` and `${root}` in its strings stand for the stack's folder and the project's root."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as exc:
        raise ConfigError(f"settings file {path} cannot be read: {exc.strerror}") from exc
    text = text.replace("${home}", str(home)).replace("${root}", str(PROJECT_ROOT))
    try:
        values = yaml.safe_load(text) or {}
    except yaml.YAMLError as exc:
        raise ConfigError(f"settings file {path} is not YAML: {exc}") from exc
    if not isinstance(values, dict):
        raise ConfigError(f"settings file {path} must hold a mapping")
    return values


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lay `over` on `base`, mapping by mapping; neither is changed."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = merge(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged
