/** Broken links, missing and doubled titles are found; code samples are not read as prose. */
import { assert, suite } from '../support/harness.ts'
import { markdownRule } from './markdown.ts'
import { findings } from './planted.ts'

const test = suite('tidy markdown')

test('links lead to files of the project and to headings in them', () => {
  const found = findings(markdownRule, {
    'README.md': [
      '# Skein',
      '[good](docs/a.md) [folder](docs/) [far](https://example.org/x) [here](#skein)',
      '[bad](docs/missing.md)',
      '[heading](docs/a.md#two-words-more) [none](docs/a.md#three)',
      '[ref]: ./nowhere.ts',
    ].join('\n'),
    'docs/a.md': '# A\n\n## Two words, `more`\n\n[up](../README.md) [out](../../x.md)',
  })
  assert.equal(found, [
    'README.md:3: broken link: docs/missing.md does not exist',
    'README.md:4: broken link: docs/a.md has no heading #three',
    'README.md:5: broken link: nowhere.ts does not exist',
    'docs/a.md:5: broken link: ../x.md does not exist',
  ])
})

test('a document has one title, first', () => {
  const found = findings(markdownRule, {
    'docs/none.md': '## Only a section',
    'docs/two.md': '# One\n\n# Two',
    'docs/late.md': 'Words before\n\n# Title',
    'docs/code.md': '# Title\n\n```sh\n# a comment\n[x](gone.md)\n```\n\n`[y](gone.md)`',
  })
  assert.equal(found, [
    'docs/late.md:1: a document begins with its title',
    'docs/none.md:1: 0 titles (# ...): a document has one',
    'docs/two.md:3: 2 titles (# ...): a document has one',
  ])
})

test.run()
