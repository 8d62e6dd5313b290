/**
 * Tries a rule on files that exist only as strings: what it says, as `path:line: message`. Each
 * rule's own test plants violations here and shows that the rule sees them, and only them.
 */
import { type Rule, repoOf } from './source.ts'

export function findings(rule: Rule, files: Readonly<Record<string, string>>): string[] {
  return rule(repoOf(files)).map(({ path, line, message }) => `${path}:${line}: ${message}`)
}

/** A file of product code: header, then `body` from line 5 on. */
export function product(body: string): string {
  return `/**\n * A planted file.\n * It keeps nothing.\n */\n${body}\n`
}
