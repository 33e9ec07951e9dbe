import { poolOf } from '../driver/get-pool.ts'
import { DriverError } from '../errors.ts'
import type { TypeRecord } from './record.ts'

/** What every pool has, under the names that types ask for it by. */
const capabilities: Readonly<Record<string, string>> = {
  vendor_name: 'StorPool',
  storage_protocol: 'storpool',
  multiattach: 'True',
  QoS_support: 'True',
  thin_provisioning_support: 'True',
  thick_provisioning_support: 'False',
  replication_enabled: 'False',
}

/** What the driver does itself about a type. */
const driverOwn = ['storpool_template', 'iops', 'bw', 'qc', 'description']

const wanted = (spec: string) =>
  spec
    .replace(/^\s*(<is>|<in>|=|==|s==)\s*/, '')
    .trim()
    .toLowerCase()

/**
 * Where a volume of a type is put: `host@backend#pool`.
 *
 * @param service `host@backend` of the default cluster
 * @throws DriverError InvalidInput: no pool has what the type asks for.
 * @see cinder/scheduler/filters/capabilities_filter.py
 */
export function placeFor(type: TypeRecord, service: string, backends: readonly string[]): string {
  const { volume_backend_name: named, ...specs } = type.extraSpecs
  const [host = service, own = ''] = service.split('@')
  const backend = named === undefined || wanted(named) === 'storpool' ? own : named
  const missing = Object.entries(specs).find(([key, value]) => {
    const [scope, inner] = key.split(':')
    const name = scope === 'capabilities' ? inner : key.includes(':') ? undefined : key
    if (name === undefined || driverOwn.includes(name)) return false
    return capabilities[name]?.toLowerCase() !== wanted(value)
  })
  if (missing !== undefined || (backend !== own && !backends.includes(backend))) {
    const what = missing === undefined ? `volume_backend_name ${named}` : missing.join(' ')
    throw new DriverError('InvalidInput', `no pool has what type ${type.name} asks for: ${what}`, {
      remedy: 'Correct the extra specs of the type, or use another type.',
    })
  }
  return `${host}@${backend}#${poolOf(type.extraSpecs.storpool_template)}`
}

/** Which pools a type's volumes may be put in, by name. */
export const poolsFor = (
  type: TypeRecord,
  { service, backends }: { readonly service: string; readonly backends: readonly string[] },
): ((pool: string) => boolean) => {
  try {
    const place = placeFor(type, service, backends)
    return (pool) => pool === place
  } catch {
    return () => false
  }
}
