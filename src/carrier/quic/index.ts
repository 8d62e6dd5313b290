/**
 * The QUIC carrier: encrypted connections of ordered streams over one UDP socket per node, by the
 * native quiche binding. Importing this loads no native code; opening does.
 */
import type { Carrier } from '../carrier.ts'
import { loadBinding } from './binding.ts'
import { openEndpoint } from './endpoint.ts'
import { type QuicOptions, quicSettings } from './options.ts'

export type { QuicOptions }

/**
 * A QUIC carrier for `options.host` and `options.port`. Throws a TypeError naming the field and
 * the value for a bad option. `open` fails with `unsupported` (no native code for this platform),
 * `tls` (unusable certificate or key) or `address` (cannot be resolved or bound).
 */
export function quicCarrier(options: QuicOptions): Carrier {
  const settings = quicSettings(options)
  return {
    name: 'quic',
    async open(env) {
      const loaded = await loadBinding()
      return loaded.tag === 'error' ? loaded : openEndpoint(loaded.quiche, env, settings)
    },
  }
}
