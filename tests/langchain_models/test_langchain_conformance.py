"""LangChain's own suites for chat models: on the built-in model, and on one that calls tools."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from chats import TOOL_MODEL
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

from beacon_qa.langchain import ChatBeacon


class _BuiltIn:
    """The built-in model: text only, and its template knows no tools."""

    @property
    def chat_model_class(self) -> type[ChatBeacon]:
        return ChatBeacon

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"device": "cpu", "max_tokens": 16}

    @property
    def has_tool_calling(self) -> bool:
        return False

    @property
    def has_structured_output(self) -> bool:
        return False


class _ToolModel:
    """A model of the Qwen2.5 kind."""

    @property
    def chat_model_class(self) -> type[ChatBeacon]:
        return ChatBeacon

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"device": "cpu", "model": str(TOOL_MODEL)}

    @property
    def supports_anthropic_inputs(self) -> bool:
        return True

    @property
    def supports_json_mode(self) -> bool:
        return True


class TestBuiltInUnits(_BuiltIn, ChatModelUnitTests):
    """What needs no answer."""

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"device": "cpu"}


class TestToolUnits(_ToolModel, ChatModelUnitTests):
    """What needs no answer, with tools."""


class _Answers(ChatModelIntegrationTests):
    """What all models have to answer, the model named in a call included."""

    @pytest.fixture(autouse=True)
    def _other_model(self, tiny_checkpoint: Path) -> None:
        self.other = str(tiny_checkpoint)

    @property
    def model_override_value(self) -> str:
        return self.other

    @property
    def enable_vcr_tests(self) -> bool:
        return True


# There is no traffic to record: the suite's timing of a recorded stream runs as a plain one.
_UNUSED = pytest.mark.filterwarnings("ignore:Benchmark fixture was not used")


@_UNUSED
class TestBuiltInAnswers(_BuiltIn, _Answers):
    """The built-in model."""


@_UNUSED
class TestToolAnswers(_ToolModel, _Answers):
    """Calls of tools, and answers of a given structure."""
