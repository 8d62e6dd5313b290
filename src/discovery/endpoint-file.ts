/**
 * Endpoint files, `<node>.endpoint` with the JSON `{ "host": ..., "port": ... }` (the cluster spec,
 * 3.7). Whoever may write into the directory may write them, so a reader believes nothing: what is
 * too large, no JSON, or no address is no endpoint. Members it does not know are ignored.
 */
import type { Address } from '../carrier/carrier.ts'
import { validateNodeName } from '../identity/index.ts'
import { decodeAddress } from './address.ts'

const suffix = '.endpoint'

export function endpointFileName(node: string): string {
  return `${node}${suffix}`
}

/** The node a file is about; undefined for other files, and for names no node can have. */
export function nodeOfFile(file: string): string | undefined {
  if (!file.endsWith(suffix)) return undefined
  const valid = validateNodeName(file.slice(0, -suffix.length))
  return valid.tag === 'ok' ? valid.name : undefined
}

export function encodeEndpoint({ host, port }: Address): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify({ host, port })}\n`)
}

/** Never throws. */
export function decodeEndpoint(bytes: Uint8Array): Address | undefined {
  try {
    return decodeAddress(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)))
  } catch {
    return undefined
  }
}
