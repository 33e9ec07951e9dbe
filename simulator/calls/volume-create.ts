import type { VolumeCreate } from '../bodies.ts'
import { type Call, ok } from '../call.ts'
import { type Contents, contentsOf } from '../contents.ts'
import { invalid } from '../errors.ts'
import { checkFree, findLiving, findTemplate, findVolume, whenFree } from '../lookup.ts'
import { atPointInTime, make, makeSnapshot, writeTags } from '../make.ts'
import { place } from '../placement.ts'
import { relocatingFrom } from '../progress.ts'
import type { Thing } from '../records.ts'
import { checkRoom } from '../space.ts'

const list = (thing: Thing | undefined) => (thing === undefined ? [] : [thing])

const noContents: Contents = { file: 0, length: 0 }

/** The snapshot a new volume is a child of, by the body or by the template. */
const parentOf = (call: Call, body: VolumeCreate): Thing | undefined => {
  const fromTemplate = body.template === undefined ? '' : findTemplate(call, body.template).parent
  const parent = body.parent ?? fromTemplate
  return parent === '' ? undefined : findLiving(call, parent)
}

const sizeOf = (call: Call, body: VolumeCreate, source: Thing | undefined): number => {
  const fromTemplate = body.template === undefined ? '-' : findTemplate(call, body.template).size
  const size = body.size ?? source?.size ?? fromTemplate
  if (size === '-') throw invalid('Missing "size": there is no parent and no template that gives one')
  if (source === undefined || size >= source.size) return size
  if (call.site.knobs.childSmallerThanParent === 'grow') return source.size
  throw invalid(`Invalid value of "size": ${size} is smaller than the parent's ${source.size}`)
}

/** Everything about the new volume that can be refused. */
const plan = (call: Call, body: VolumeCreate) => {
  if (body.parent !== undefined && body.baseOn !== undefined) {
    throw invalid('"parent" and "baseOn" exclude each other')
  }
  const name = body.name ?? ''
  if (name !== '') checkFree(call, name)
  const copied = body.baseOn === undefined ? undefined : findVolume(call, body.baseOn)
  const source = copied ?? parentOf(call, body)
  const cluster = source?.cluster ?? call.cluster.id
  const size = sizeOf(call, body, source)
  return { name, copied, source, cluster, size, placed: place(call, body, source, cluster) }
}

const add = (call: Call, body: VolumeCreate, contents: Contents, parent: string) => {
  const { name, cluster, size, placed, source } = plan(call, body)
  const tags = writeTags('replace', {}, body.tags)
  const moving = source === undefined ? {} : relocatingFrom(call.site, source.policy, placed.policy)
  return make(call, { kind: 'volume', name, cluster, size, ...placed, ...contents, parent, tags, ...moving })
}

/** A copy of a volume that goes on living: both become children of a hidden snapshot. */
const addCopy = (call: Call, body: VolumeCreate) =>
  atPointInTime(
    call,
    () => list(plan(call, body).copied),
    (contents) =>
      call.site.world.change(call.cluster.id, () => {
        const { copied } = plan(call, body)
        if (copied === undefined) throw invalid('Missing "baseOn"')
        const hidden = makeSnapshot(call, copied, contents(copied), { transient: true })
        return { volume: add(call, body, contentsOf(hidden), hidden.gid), autoName: hidden.name }
      }),
  )

const addChild = (call: Call, body: VolumeCreate) =>
  whenFree(
    call,
    () => list(plan(call, body).source),
    ([source]) =>
      call.site.world.change(call.cluster.id, () => {
        const contents = source === undefined ? noContents : contentsOf(source)
        return { volume: add(call, body, contents, source?.gid ?? ''), autoName: undefined }
      }),
  )

/**
 * @see python-storpool 7.3.0, sptypes.py `VolumeCreateDesc`, spapi.py `ApiOkVolumeCreate`
 */
export const volumeCreate = async (call: Call, body: VolumeCreate) => {
  const { placed, cluster, size, source } = plan(call, body)
  await checkRoom(call, placed.policy, cluster, size - (source?.size ?? 0))
  const { volume, autoName } = await (body.baseOn === undefined ? addChild(call, body) : addCopy(call, body))
  const nameless = volume.name === ''
  return ok(call, {
    ...(autoName === undefined ? {} : { autoName }),
    ...(nameless ? { name: `~${volume.gid}` } : {}),
    ...(nameless || call.site.knobs.createAnswersGlobalId ? { globalId: volume.gid } : {}),
  })
}
