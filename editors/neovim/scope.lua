-- Scope-Lang in Neovim: put this file where plugins are read, for example ~/.config/nvim/plugin/scope.lua.
-- It needs the program `scope` in PATH, or its path in vim.g.scope_command. Works from Neovim 0.7 on.

local command = { vim.g.scope_command or "scope", "lsp" }

-- vim.filetype.add is not looked at by Neovim 0.7 unless it is told to; this works everywhere.
vim.api.nvim_create_autocmd({ "BufRead", "BufNewFile" }, { pattern = "*.scope", command = "setfiletype scope" })

vim.api.nvim_create_autocmd("FileType", {
  pattern = "scope",
  callback = function()
    vim.bo.commentstring = "// %s"
    vim.bo.comments = ":///,://!,://"
  end,
})

-- The folder of the file, or the nearest one above it that is a repository: names in messages are relative to it.
local function root_of(path)
  local folder = vim.fn.fnamemodify(path, ":p:h")
  local git = vim.fn.finddir(".git", folder .. ";")
  if git == "" then
    return folder
  end
  return vim.fn.fnamemodify(git, ":p:h:h")
end

if vim.lsp.config and vim.lsp.enable then
  -- Neovim 0.11 and newer.
  vim.lsp.config("scope", {
    cmd = command,
    filetypes = { "scope" },
    root_dir = function(buffer, use)
      use(root_of(vim.api.nvim_buf_get_name(buffer)))
    end,
  })
  vim.lsp.enable("scope")
  return
end

-- Neovim 0.7 to 0.10: one server for each folder.
local clients = {}

vim.api.nvim_create_autocmd("FileType", {
  pattern = "scope",
  callback = function(event)
    local buffer = event.buf
    if not buffer or buffer == 0 then
      buffer = vim.api.nvim_get_current_buf()
    end
    local root = root_of(vim.api.nvim_buf_get_name(buffer))
    local client = clients[root]
    if not (client and vim.lsp.get_client_by_id(client)) then
      client = vim.lsp.start_client({ name = "scope", cmd = command, root_dir = root })
      clients[root] = client
    end
    if client then
      vim.lsp.buf_attach_client(buffer, client)
    end
  end,
})
