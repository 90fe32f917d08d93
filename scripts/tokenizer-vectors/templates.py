"""Renders internal/tokenizer/chattemplate/testdata/templates with the Python library transformers.

python3 scripts/tokenizer-vectors/templates.py            # writes expected.json
python3 scripts/tokenizer-vectors/templates.py --compare  # compares with it
python3 scripts/tokenizer-vectors/templates.py --try FILE # compares Go and Python on other templates
"""

import datetime
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import jinja2
import transformers.utils.chat_template_utils as chat_templates

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "internal/tokenizer/chattemplate/testdata/templates"
NOW = datetime.datetime(2026, 11, 4, 9, 5, 7)
TOKENS = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "Weather of a place: \"now\" or 'later' <b>",
            "parameters": {
                "type": "object",
                "properties": {
                    "place": {"type": "string", "description": "Where, e.g. 東京"},
                    "days": {"type": ["integer", "number"], "default": 3},
                    "unit": {"type": "string", "enum": ["celsius", "kelvin"]},
                    "after": {"type": "object"},
                },
                "required": ["place"],
            },
        },
    },
    {
        "type": "function",
        "function": {
            "name": "time",
            "description": "",
            "parameters": {"type": "object", "properties": {}, "required": []},
        },
    },
]
USER = {"role": "user", "content": "Hi, how are you?"}
CALL = {
    "role": "assistant",
    "content": None,
    "tool_calls": [
        {
            "id": "abcdefghi",
            "type": "function",
            "function": {
                "name": "weather",
                "arguments": {"place": "Zürich \"Nord\"", "days": 2, "x": [1.5, True, None, {}]},
            },
        }
    ],
}
CHATS = {
    "user": {"messages": [USER], "add_generation_prompt": True},
    "no prompt": {"messages": [USER], "add_generation_prompt": False},
    "system": {"messages": [{"role": "system", "content": "  Be brief.\n"}, USER], "add_generation_prompt": True},
    "turns": {
        "messages": [
            {"role": "system", "content": "Be brief."},
            USER,
            {"role": "assistant", "content": " Fine, thanks! \n"},
            {"role": "user", "content": "  And <|now|> you're \"here\"?\n\n"},
        ],
        "add_generation_prompt": True,
    },
    "ends with assistant": {
        "messages": [USER, {"role": "assistant", "content": "<think>\nHm.\n</think>\n\nFine"}],
        "add_generation_prompt": False,
    },
    "reasoning": {
        "messages": [USER, {"role": "assistant", "content": "Fine", "reasoning_content": "\nLet me see.\n"}],
        "add_generation_prompt": True,
    },
    "other scripts": {
        "messages": [{"role": "user", "content": "今天天气怎么样？😀\nГде? 'à' & <b>"}],
        "add_generation_prompt": True,
    },
    "parts": {
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "image"},
                    {"type": "text", "text": " What is this? "},
                    {"type": "text", "text": "And that?"},
                ],
            }
        ],
        "add_generation_prompt": True,
    },
    "tools": {
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Weather?"}],
        "tools": TOOLS,
        "add_generation_prompt": True,
    },
    "tool turns": {
        "messages": [
            {"role": "user", "content": "Weather?"},
            CALL,
            {"role": "tool", "tool_call_id": "abcdefghi", "name": "weather", "content": "{\"t\": 21}"},
            {"role": "assistant", "content": "21 degrees"},
            {"role": "user", "content": "Thanks"},
        ],
        "tools": TOOLS,
        "add_generation_prompt": True,
    },
    "wrong order": {
        "messages": [{"role": "assistant", "content": "Hello"}, {"role": "assistant", "content": "?"}],
        "add_generation_prompt": True,
    },
    "arguments": {
        "messages": [USER],
        "add_generation_prompt": True,
        "arguments": {
            "enable_thinking": False,
            "reasoning_effort": "high",
            "date_string": "1 May 2025",
            "tools_in_user_message": False,
        },
    },
    "arguments and tools": {
        "messages": [USER],
        "tools": TOOLS,
        "add_generation_prompt": True,
        "arguments": {"tools_in_user_message": False},
    },
    "odd role": {"messages": [USER, {"role": "critic", "content": "Hm"}, USER], "add_generation_prompt": True},
}


class Clock(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return NOW


def render(source, chat):
    """The text, null where the template refuses the conversation, or False where Python cannot run it."""
    template = chat_templates._compile_jinja_template(source)
    try:
        return template.render(
            messages=chat["messages"],
            tools=chat.get("tools"),
            documents=None,
            add_generation_prompt=chat["add_generation_prompt"],
            **TOKENS,
            **chat.get("arguments", {})
        )
    except jinja2.exceptions.UndefinedError:
        return False
    except jinja2.exceptions.TemplateError:
        return None
    except Exception:
        return False


def main():
    chat_templates.datetime = Clock
    if "--try" in sys.argv[1:]:
        others = {path: pathlib.Path(path).read_text() for path in sys.argv[2:]}
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "others.json"
            file.write_text(
                json.dumps(
                    {
                        "chats": CHATS,
                        "sources": others,
                        "texts": {
                            path: {name: render(source, chat) for name, chat in CHATS.items()}
                            for path, source in others.items()
                        },
                    }
                )
            )
            environment = {**os.environ, "TEMPLATE_OTHERS": str(file)}
            sys.exit(
                subprocess.run(
                    [
                        "go",
                        "test",
                        "-count=1",
                        "-v",
                        "-run",
                        "TestOtherTemplates",
                        "./internal/tokenizer/chattemplate/",
                    ],
                    cwd=ROOT,
                    env=environment,
                ).returncode
            )
    texts = {
        file.name: {name: render(file.read_text(), chat) for name, chat in CHATS.items()}
        for file in sorted(FOLDER.glob("*.jinja"))
    }
    expected = json.dumps({"chats": CHATS, "texts": texts}, ensure_ascii=False, indent=1) + "\n"
    if "--compare" in sys.argv[1:]:
        if (FOLDER / "expected.json").read_text() != expected:
            sys.exit("templates.py: the installed package says something else")
        return
    (FOLDER / "expected.json").write_text(expected)


if __name__ == "__main__":
    main()
