/**
 * Tidiness as a test: every rule over the whole checkout. A failure is a list of `file:line:
 * message` lines, each of which says what to do instead.
 */
import { fileURLToPath } from 'node:url'
import { assert, suite } from '../support/harness.ts'
import { bannedRule } from './banned.ts'
import { castsRule } from './casts.ts'
import { deadRule } from './dead.ts'
import { heldByRule } from './held-by.ts'
import { honestRule } from './honest.ts'
import { layerRule } from './layers.ts'
import { markdownRule } from './markdown.ts'
import { moduleStateRule } from './module-state.ts'
import { namesRule } from './names.ts'
import { sizeRule } from './size.ts'
import { type Rule, readRepo } from './source.ts'
import { userCastsRule } from './user-casts.ts'

const rules: Readonly<Record<string, Rule>> = {
  'imports run downwards': layerRule,
  'no banned name': bannedRule,
  'no mutable state at module level': moduleStateRule,
  'files, functions and lines have a size': sizeRule,
  'no dead code': deadRule,
  'tests can fail': honestRule,
  'documents hold together': markdownRule,
  'promises name tests that exist': heldByRule,
  'no name of one machine': namesRule,
  'casts stay within their budget': (repo) => castsRule(repo),
  'what users write needs no cast': userCastsRule,
}

const repo = readRepo(fileURLToPath(new URL('../..', import.meta.url)))
const test = suite('tidy')

test('the checkout is seen', () => {
  for (const path of ['package.json', 'runtime/identifier.ts', 'test/tidy/tidy.test.ts']) {
    assert.ok(repo.texts.has(path), path)
  }
  assert.ok(repo.trees.has('runtime/identifier.ts'))
})

for (const [name, rule] of Object.entries(rules)) {
  test(name, () => {
    const lines = rule(repo).map(({ path, line, message }) => `${path}:${line}: ${message}`)
    if (lines.length > 0) throw new Error([`${lines.length} violations`, ...lines].join('\n'))
  })
}

test.run()
