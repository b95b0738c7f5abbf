-- Run by Neovim without a window, after neovim/scope.lua: opens the program with a mistake, waits for what the server
-- says, and ends with 0 if all is as it should be. Prints one line per check.

local failed = false

local function check(name, is_good, found)
  print((is_good and "ok   " or "FAIL ") .. name .. (is_good and "" or (": " .. vim.inspect(found))))
  if not is_good then
    failed = true
  end
end

local function wait_for(condition)
  return vim.wait(20000, condition, 50)
end

local function reports()
  return vim.tbl_filter(function(report)
    return report.code == "E0203"
  end, vim.diagnostic.get(0))
end

local function checks()
  vim.cmd("edit " .. vim.fn.fnameescape(vim.env.SCOPE_WORKSPACE .. "/vm.scope"))
  check("the file's type is known", vim.bo.filetype == "scope", vim.bo.filetype)

  wait_for(function()
    return #reports() > 0
  end)
  local found = reports()
  check("the mistake is told once", #found == 1, vim.diagnostic.get(0))

  if #found == 1 then
    local line = vim.api.nvim_buf_get_lines(0, found[1].lnum, found[1].lnum + 1, false)[1]
    -- Neovim counts in bytes: the place after é€😀 must be converted rightly.
    local marked = line:sub(found[1].col + 1, found[1].end_col)
    check("it stands behind letters beyond ASCII", marked == "flavour", marked)

    vim.api.nvim_buf_set_lines(0, found[1].lnum, found[1].lnum + 1, false, { '    name: "é€😀"' })
    wait_for(function()
      return #reports() == 0
    end)
    check("it is taken back when it is mended", #reports() == 0, vim.diagnostic.get(0))
  end

  local line = vim.fn.search("^entry nantes", "w")
  local params = {
    textDocument = { uri = vim.uri_from_bufnr(0) },
    position = { line = line - 1, character = 8 },
    options = { tabSize = 4, insertSpaces = true },
  }
  local function ask(method)
    for _, answer in pairs(vim.lsp.buf_request_sync(0, method, params, 20000) or {}) do
      return answer.result
    end
  end

  local hover = ask("textDocument/hover")
  check("a hover says what a name is", hover and hover.contents.value:find("nantes", 1, true) ~= nil, hover)
  local definition = ask("textDocument/definition")
  check("a definition is in the file that has it", definition and definition.uri:match("/sites%.scope$") ~= nil, definition)

  -- Two blanks too many and none where one belongs: formatting mends both.
  vim.api.nvim_buf_set_lines(0, line - 1, line, false, { "entry   nantes", "let é=1" })
  local edits = ask("textDocument/formatting")
  for _, client in pairs((vim.lsp.get_clients or vim.lsp.get_active_clients)()) do
    if type(edits) == "table" and client.name == "scope" then
      vim.lsp.util.apply_text_edits(edits, vim.api.nvim_get_current_buf(), client.offset_encoding or "utf-16")
      break
    end
  end
  local formatted = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n")
  check("a text is brought into its style", formatted:find("entry nantes\nlet é = 1", 1, true) ~= nil, formatted)
end

-- A fault in here must end Neovim too.
local is_run, fault = pcall(checks)
check("nothing went wrong", is_run, fault)
vim.cmd(failed and "cquit 1" or "qall!")
