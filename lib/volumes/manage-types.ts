import { v4 } from 'uuid'
import type { Caller } from '../auth/caller.ts'
import type { BlockStorage } from './block-storage.ts'
import { change } from './change.ts'
import type { TypeRecord, VolumeRecord } from './record.ts'
import { badRequest, conflict, notFound } from './refusal.ts'
import { DEFAULT_TYPE, findType, forgetTypes, OF_ALL } from './types.ts'

export interface NewType {
  readonly name: string
  readonly description: string | null
  readonly isPublic: boolean
  readonly extraSpecs: Readonly<Record<string, string>>
}

const refuseTaken = async (storage: BlockStorage, name: string, id?: string): Promise<void> => {
  const others = (await storage.types.named(OF_ALL, name)).filter((one) => one.id !== id)
  if (others.length === 0 && (name !== DEFAULT_TYPE.name || id === DEFAULT_TYPE.id)) return
  throw conflict(`Volume Type ${name} already exists.`)
}

/** @throws ApiError 409: there is one of that name. */
export async function createType(storage: BlockStorage, asked: NewType): Promise<TypeRecord> {
  await refuseTaken(storage, asked.name)
  const type: TypeRecord = {
    ...asked,
    id: v4(),
    project: OF_ALL,
    createdAt: storage.now(),
    updatedAt: null,
    version: 0,
    projects: [],
  }
  await storage.types.create(type)
  forgetTypes(storage)
  return type
}

/** The type that is always there has a record as soon as it differs from what it is by itself. */
const recorded = async (storage: BlockStorage, id: string): Promise<void> => {
  if (id === DEFAULT_TYPE.id) await storage.types.create(DEFAULT_TYPE)
}

/** Change a type. @throws ApiError 404, 409 */
export async function changeType(
  storage: BlockStorage,
  id: string,
  next: (type: TypeRecord) => TypeRecord,
): Promise<TypeRecord> {
  await recorded(storage, id)
  const there = await storage.types.get(id)
  if (there === undefined) throw notFound('Volume type', id)
  const { name } = next(there)
  if (name !== there.name) await refuseTaken(storage, name, id)
  const changed = await change(
    storage.types,
    id,
    (type) => ({ ...next(type), updatedAt: storage.now() }),
    there,
  )
  if (changed === undefined) throw notFound('Volume type', id)
  forgetTypes(storage)
  return changed
}

/** Records read at a time. */
const CHUNK = 1000

/** Whether a volume is of a type. */
async function isUsed(storage: BlockStorage, id: string): Promise<boolean> {
  let after: VolumeRecord | undefined
  do {
    const page = await storage.volumes.page({ project: undefined, limit: CHUNK, after })
    if (page.some(({ typeId }) => typeId === id)) return true
    after = page.length === CHUNK ? page.at(-1) : undefined
  } while (after !== undefined)
  return false
}

/** @throws ApiError 400: volumes are of it, and made by what it said. */
export async function refuseUsed(storage: BlockStorage, id: string): Promise<void> {
  if (!(await isUsed(storage, id))) return
  throw badRequest(`Volume Type ${id} is in use: its extra specs cannot be changed while volumes are of it.`)
}

/** @throws ApiError 400: volumes are of it, or new ones without a type will be. 404 */
export async function deleteType(storage: BlockStorage, caller: Caller, id: string): Promise<void> {
  const type = await findType(storage, caller, id)
  if (type.id === DEFAULT_TYPE.id || type.name === storage.settings.defaultType) {
    throw badRequest(`Volume Type ${id} is the default type, and cannot be deleted.`)
  }
  if (await isUsed(storage, type.id))
    throw badRequest(`Volume Type ${id} deletion is not allowed with existing volumes present with the type.`)
  if (!(await storage.types.remove(type)))
    throw conflict(`Volume Type ${id} was changed meanwhile. Repeat the request.`)
  forgetTypes(storage)
}
