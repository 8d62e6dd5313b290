/**
 * Names as keys. A string or a number stands for itself; any other term is known by its canonical
 * text, so that equal terms are one name on every node. As the key of a replicated entry every name
 * is a text whose first character says which of the three it is.
 *
 * Invariant: a name and the text of its entry determine each other; what a peer says is a name
 * passes the same checks as what the program says.
 */
import { BadArgument, type NameTerm } from '../../../runtime/index.ts'
import { isTerm, runtimeLimits, show } from '../../../runtime/kernel.ts'
import { limits } from '../../limits.ts'
import { isSendable, termKeys } from '../../wire/index.ts'

/** A name with the key of its entry. */
export type Key = { readonly name: NameTerm; readonly text: string }

const firstSurrogate = 0xd800

export class NameKeys {
  readonly #termKey = termKeys(limits.serviceNameWithinMax)

  /** The key of a name. Throws `BadArgument` for what is no name, saying why. */
  of(name: unknown): Key {
    if (typeof name === 'string') {
      if (isText(name)) return { name, text: `s${name}` }
    } else if (typeof name === 'number') {
      if (Number.isFinite(name)) return { name, text: `n${name}` }
    } else if (isTerm(name)) return { name, text: this.#termText(name) }
    const most = runtimeLimits.nameMaxBytes
    const expected = `a string of 1 to ${most} characters, a finite number or another term`
    throw new BadArgument(`name: expected ${expected}, got ${show(name)}`)
  }

  /** The text of a term that is neither string nor number; undefined when nobody can have it. */
  find(name: NameTerm): string | undefined {
    const result = this.#termKey(name, 'name')
    return result.tag === 'ok' && isShort(result.key) ? `t${result.key}` : undefined
  }

  /**
   * The name behind a peer's entry; undefined when there is none. `term` is what the entry says its
   * name is, which only terms need.
   */
  parse(text: string, term: NameTerm | undefined): Key | undefined {
    const rest = text.slice(1)
    switch (text.charAt(0)) {
      case 's':
        return isText(rest) ? { name: rest, text } : undefined
      case 'n': {
        const name = Number(rest)
        return Number.isFinite(name) && `${name}` === rest ? { name, text } : undefined
      }
      case 't':
        if (term === undefined || typeof term === 'string' || typeof term === 'number') return
        return this.find(term) === text ? { name: term, text } : undefined
      default:
        return undefined
    }
  }

  #termText(name: NameTerm): string {
    const result = this.#termKey(name, 'name')
    if (result.tag === 'error') {
      const { path, reason, got } = result
      throw new BadArgument(`${path}: ${got} cannot be part of a name (${reason})`)
    }
    if (isShort(result.key)) return `t${result.key}`
    const most = limits.serviceNameMaxBytes
    throw new BadArgument(`name: expected at most ${most} bytes, got ${result.key.length}`)
  }
}

function isText(name: string): boolean {
  const { length } = name
  if (length === 0 || length > runtimeLimits.nameMaxBytes) return false
  for (let at = 0; at < length; at++) {
    if (name.charCodeAt(at) >= firstSurrogate) return isSendable(name)
  }
  return true
}

function isShort(canonical: string): boolean {
  return canonical.length <= limits.serviceNameMaxBytes
}
