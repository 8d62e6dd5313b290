/**
 * The tables that say which test holds a promise (a column `test` or `held by`): every test they
 * name is a file or a folder of the project, and every case they name behind it stands in there.
 * A promise whose test was renamed or removed is one that nothing holds.
 */
import { posix } from 'node:path'
import type { Repo, Violation } from './source.ts'

/** What the tables leave out of a path, as docs/semantics.md explains. */
const shortForms: readonly (readonly [short: string, long: string])[] = [
  ['topics/', 'conformance/topics/'],
  ['otp/', 'conformance/otp/'],
  ['dist/', 'conformance/dist/'],
]

const headings: readonly string[] = ['test', 'held by']
/** A test, and the cases of it: capital letters and a number each. */
const naming = /`([^`]+)`((?:,? [A-Z]+-?\d+[a-z]?\b)*)/g

export function heldByRule(repo: Repo): Violation[] {
  const found: Violation[] = []
  for (const [path, text] of repo.texts) {
    if (!path.startsWith('docs/') || !path.endsWith('.md')) continue
    for (const { line, cell } of cellsOf(text)) {
      for (const message of judge(repo, cell)) found.push({ path, line, message })
    }
  }
  return found
}

type Cell = { readonly line: number; readonly cell: string }

/** The cells of the tables' columns of tests; not those of a table inside a code block. */
function* cellsOf(text: string): Generator<Cell> {
  let column = -1
  let fenced = false
  for (const [index, line] of text.split('\n').entries()) {
    if (line.startsWith('```')) fenced = !fenced
    if (fenced || !line.startsWith('|')) {
      column = -1
      continue
    }
    const cells = line.split('|').map((cell) => cell.trim())
    const heading = cells.findIndex((cell) => headings.includes(cell))
    if (column === -1 && heading !== -1) column = heading
    else if (column !== -1 && !/^-+$/.test(cells[1] ?? '')) {
      yield { line: index + 1, cell: cells[column] ?? '' }
    }
  }
}

function* judge(repo: Repo, cell: string): Generator<string> {
  const names = [...cell.matchAll(naming)]
  if (names.length === 0) yield `no test is named in: ${cell}`
  for (const [, name = '', cases = ''] of names) {
    if (name.startsWith('npm ')) {
      if (!hasScript(repo, name)) yield `no script of package.json: ${name}`
      continue
    }
    const texts = textsOf(repo, name)
    if (texts.length === 0) yield `no test: ${name}`
    for (const [id] of cases.matchAll(/[A-Z]+-?\d+[a-z]?/g)) {
      const stands = new RegExp(`\\b${id}\\b`)
      if (texts.length > 0 && !texts.some((text) => stands.test(text))) {
        yield `${name} has no case ${id}`
      }
    }
  }
}

function textsOf(repo: Repo, name: string): readonly string[] {
  const long = shortForms.find(([short]) => name.startsWith(short))
  const full = long === undefined ? name : long[1] + name.slice(long[0].length)
  const path = posix.join('test', full)
  const whole = [path, `${path}.test.ts`, `${path}.ts`]
  return [...repo.texts].flatMap(([file, text]) =>
    whole.includes(file) || file.startsWith(`${path}/`) ? [text] : [],
  )
}

function hasScript(repo: Repo, command: string): boolean {
  const script = /^npm (?:run )?(?:-s )?([a-z:]+)/.exec(command)?.[1] ?? ''
  return (repo.texts.get('package.json') ?? '').includes(`"${script}":`)
}
