/**
 * Nothing in the repository tells on which machine it was written: no directories of one machine,
 * no package registry, no tools that exist in one place only. The lock file names packages by
 * version and hash, so that they come from whatever registry the reader has set.
 */
import type { Repo, Violation } from './source.ts'

type Pattern = { readonly pattern: RegExp; readonly message: string }

const patterns: readonly Pattern[] = [
  {
    pattern: /(?<![\w.*)}-])\/(?:work|tmp|home|root|Users)\//,
    message: 'a path of one machine: use a relative path, or os.tmpdir()',
  },
  {
    pattern: /\b(?:registry\.[\w-]+\.\w+|(?:npmjs|yarnpkg|npmmirror)\.(?:org|com))\b/,
    message: 'a package registry: leave the choice to the reader',
  },
  { pattern: /\bfarm-\w+/, message: 'a tool that exists on one machine only' },
]

export function namesRule(repo: Repo): Violation[] {
  const found: Violation[] = []
  for (const [path, text] of repo.texts) {
    text.split('\n').forEach((content, index) => {
      for (const { pattern, message } of patterns) {
        if (pattern.test(content)) found.push({ path, line: index + 1, message })
      }
      if (path === 'package-lock.json' && content.includes('"resolved"')) {
        const message = 'an address: npm has omit-lockfile-registry-resolved'
        found.push({ path, line: index + 1, message })
      }
    })
  }
  return found
}
