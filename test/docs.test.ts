/**
 * The documents tell the truth: every program in README.md and docs/ runs as written and prints
 * what the text beside it says.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { assert, cleanup, suite } from './support/harness.ts'
import { endedWell, runProgram } from './support/program.ts'
import { type Snippet, snippetsOf } from './support/snippets.ts'

const PROGRAM_DEADLINE_MS = 30_000
const deadline = { deadlineMs: PROGRAM_DEADLINE_MS + 5_000 }
const root = fileURLToPath(new URL('..', import.meta.url))

const documents = suite('documents')

for (const path of documentPaths()) {
  const snippets = snippetsOf(readFileSync(join(root, path), 'utf8'))
  for (const snippet of snippets) {
    documents(`${path}:${snippet.line} runs as written`, () => runSnippet(snippet), deadline)
  }
  if (path === 'README.md') {
    documents('README.md has a program that runs', () => assert.ok(snippets.length > 0))
  }
}
if (!existsSync(join(root, 'README.md'))) {
  documents.skip('README.md has a program that runs', 'there is no README.md')
}
documents.run()

async function runSnippet({ code, expected }: Snippet): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'skein-docs-'))
  cleanup(() => rmSync(folder, { recursive: true, force: true }))
  // .mts: there is no package.json beside it to say that it is a module.
  const file = join(folder, 'program.mts')
  writeFileSync(file, code)
  const result = await runProgram(file, { root, deadlineMs: PROGRAM_DEADLINE_MS })
  endedWell(result)
  if (expected !== undefined) assert.is(result.stdout.trimEnd(), expected.trimEnd())
}

function documentPaths(): string[] {
  const docs = existsSync(join(root, 'docs'))
    ? readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    : []
  const paths = ['README.md', ...docs.map((path) => `docs/${path.replaceAll('\\', '/')}`)]
  return paths.filter((path) => path.endsWith('.md') && existsSync(join(root, path))).sort()
}
