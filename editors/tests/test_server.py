"""The language server, driven by an independent client (pytest-lsp) as Neovim and VS Code would."""

import os
import pathlib

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

WORKSPACE = pathlib.Path(os.environ["SCOPE_WORKSPACE"])
VM = WORKSPACE / "vm.scope"
TEXT = VM.read_text(encoding="utf-8")
# Where `flavour` stands after é€😀: in UTF-16, which has two units for the last.
LINE = TEXT.split("\n").index(next(line for line in TEXT.split("\n") if "flavour" in line))
BEFORE = TEXT.split("\n")[LINE].partition("flavour")[0]
COLUMN = len(BEFORE.encode("utf-16-le")) // 2


@pytest_lsp.fixture(
    params=["neovim", "visual_studio_code"],
    config=ClientServerConfig(server_command=[os.environ["SCOPE_BINARY"], "lsp"]),
)
async def client(request, lsp_client: LanguageClient):
    # As an editor does: it is to watch the files that others change.
    @lsp_client.feature(types.CLIENT_REGISTER_CAPABILITY)
    def registered(params: types.RegistrationParams):
        return None

    result = await lsp_client.initialize_session(
        types.InitializeParams(
            capabilities=client_capabilities(request.param),
            root_uri=WORKSPACE.as_uri(),
            workspace_folders=[types.WorkspaceFolder(uri=WORKSPACE.as_uri(), name="workspace")],
        )
    )
    lsp_client.counts_bytes = result.capabilities.position_encoding == types.PositionEncodingKind.Utf8
    yield
    await lsp_client.shutdown_session()


async def opened(client: LanguageClient, text: str = TEXT) -> list[types.Diagnostic]:
    client.text_document_did_open(
        types.DidOpenTextDocumentParams(
            types.TextDocumentItem(uri=VM.as_uri(), language_id="scope", version=1, text=text)
        )
    )
    return await reports(client)


async def reports(client: LanguageClient) -> list[types.Diagnostic]:
    await client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    return list(client.diagnostics[VM.as_uri()])


def place(text: str, line: int, client: LanguageClient) -> types.Position:
    """Where a text begins in a line of the program, as this client counts."""
    before = TEXT.split("\n")[line].partition(text)[0]
    encoded = before.encode("utf-8") if client.counts_bytes else before.encode("utf-16-le")
    return types.Position(line, len(encoded) if client.counts_bytes else len(encoded) // 2)


@pytest.mark.asyncio
async def test_a_mistake_behind_letters_beyond_ascii_is_told_where_it_is(client: LanguageClient):
    found = [report for report in await opened(client) if report.code == "E0203"]
    assert len(found) == 1
    expected = place("flavour", LINE, client)
    assert found[0].range.start == expected
    assert found[0].range.end.character - expected.character == len("flavour")
    assert found[0].source == "scope"
    assert "`flavour`" in found[0].message and "`flavor`" in found[0].message
    assert found[0].code_description.href.endswith("E0203.md")


@pytest.mark.asyncio
async def test_it_is_taken_back_when_it_is_mended(client: LanguageClient):
    await opened(client)
    start = place("flavour", LINE, client)
    end = types.Position(LINE, start.character + len('flavour: "m1.tiny"'))
    client.text_document_did_change(
        types.DidChangeTextDocumentParams(
            types.VersionedTextDocumentIdentifier(version=2, uri=VM.as_uri()),
            [types.TextDocumentContentChangePartial(range=types.Range(start, end), text="")],
        )
    )
    assert "E0203" not in [report.code for report in await reports(client)]


@pytest.mark.asyncio
async def test_a_hover_says_what_a_name_is(client: LanguageClient):
    await opened(client)
    line = TEXT.split("\n").index("entry nantes")
    hover = await client.text_document_hover_async(
        types.HoverParams(types.TextDocumentIdentifier(VM.as_uri()), types.Position(line, 8))
    )
    assert hover.contents.kind == types.MarkupKind.Markdown
    assert "nantes" in hover.contents.value


@pytest.mark.asyncio
async def test_a_definition_is_in_the_file_that_has_it(client: LanguageClient):
    await opened(client)
    line = TEXT.split("\n").index("entry nantes")
    found = await client.text_document_definition_async(
        types.DefinitionParams(types.TextDocumentIdentifier(VM.as_uri()), types.Position(line, 8))
    )
    assert found.uri == (WORKSPACE / "sites.scope").as_uri()
    sites = (WORKSPACE / "sites.scope").read_text(encoding="utf-8").split("\n")
    assert sites[found.range.start.line].startswith("site nantes")


@pytest.mark.asyncio
async def test_a_misspelt_keyword_is_told_and_the_right_one_is_not(client: LanguageClient):
    right = TEXT.replace('flavour: "m1.tiny"', "")
    assert [report for report in await opened(client, right) if report.severity == types.DiagnosticSeverity.Error] == []
    line = TEXT.split("\n").index("entry nantes")
    client.text_document_did_change(
        types.DidChangeTextDocumentParams(
            types.VersionedTextDocumentIdentifier(version=2, uri=VM.as_uri()),
            [types.TextDocumentContentChangeWholeDocument(right.replace("entry nantes", "entri nantes"))],
        )
    )
    found = await reports(client)
    errors = [report for report in found if report.severity == types.DiagnosticSeverity.Error]
    # First the word itself; that there is no entry now may follow from it.
    assert errors[0].range.start == types.Position(line, 0)


@pytest.mark.asyncio
async def test_a_text_is_brought_into_its_style(client: LanguageClient):
    await opened(client, "let  é=1\nlet b = 2\n")
    edits = await client.text_document_formatting_async(
        types.DocumentFormattingParams(types.TextDocumentIdentifier(VM.as_uri()), types.FormattingOptions(4, True))
    )
    assert [edit.new_text for edit in edits] == ["let é = 1\n"]
    assert (edits[0].range.start.line, edits[0].range.end.line) == (0, 1)
