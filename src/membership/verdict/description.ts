/**
 * What a node says of itself to the whole cluster: the version of its software, and a few texts by
 * name, such as a zone or a role. Every node keeps it for every other, so it is small; the same
 * limits hold for our own, where a mistake is thrown, and for what is heard, where it is refused.
 */
import { limits } from '../../limits.ts'
import { isSendable } from '../../wire/index.ts'
import type { Metadata } from './member.ts'

/** Throws a RangeError that names the field and the value received. */
export function checkDescription(version: string, metadata: Metadata): void {
  const { memberVersionMaxChars, memberMetadataFieldsMax, memberMetadataMaxChars } = limits
  if (!isVersion(version)) {
    const must = `text of at most ${memberVersionMaxChars} characters`
    throw new RangeError(`version: must be ${must}, got ${shown(version)}`)
  }
  if (decodeMetadata(metadata) === undefined) {
    const must = `at most ${memberMetadataFieldsMax} texts by name`
    const inAll = `${memberMetadataMaxChars} characters in all`
    throw new RangeError(`metadata: must be ${must}, ${inAll}, got ${shown(metadata)}`)
  }
}

/** A copy of a record of texts within its limits; undefined for anything else. */
export function decodeMetadata(value: unknown): Metadata | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const fields = Object.entries(value)
  if (fields.length > limits.memberMetadataFieldsMax) return undefined
  let chars = 0
  const kept: [string, string][] = []
  for (const [key, text] of fields) {
    if (typeof text !== 'string' || key === '__proto__') return undefined
    if (!isSendable(key) || !isSendable(text)) return undefined
    chars += key.length + text.length
    kept.push([key, text])
  }
  return chars <= limits.memberMetadataMaxChars ? Object.fromEntries(kept) : undefined
}

export function isVersion(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > limits.memberVersionMaxChars) return false
  return isSendable(value)
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 80)
}
