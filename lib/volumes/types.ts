import type { Caller } from '../auth/caller.ts'
import type { BlockStorage } from './block-storage.ts'
import type { TypeRecord } from './record.ts'
import { notFound } from './refusal.ts'

/** Types belong to no project: this stands where a project's id would. */
export const OF_ALL = '-'

/** The type that is always there, and is a volume's that names none, unless another one is configured. */
export const DEFAULT_TYPE: TypeRecord = {
  id: '5d0b7c0e-6a3e-4f0e-9d52-0d8f6c1b2a10',
  project: OF_ALL,
  name: '__DEFAULT__',
  description: 'For volumes that name no type: what StorPool is set up to do by itself',
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: null,
  version: 0,
  isPublic: true,
  extraSpecs: {},
  projects: [],
}

const mayUse = (caller: Caller, type: TypeRecord): boolean =>
  type.isPublic || caller.role === 'admin' || type.projects.includes(caller.project)

/** A type by id: one that volumes have is there as long as they are. */
export const typeOf = async (storage: BlockStorage, id: string): Promise<TypeRecord> => {
  const there = await storage.types.get(id)
  if (there !== undefined) return there
  if (id === DEFAULT_TYPE.id) return DEFAULT_TYPE
  throw notFound('Volume type', id)
}

/** All types, the one that is always there among them. */
export const allTypes = async (storage: BlockStorage): Promise<readonly TypeRecord[]> => {
  const found = await storage.types.all(OF_ALL)
  return found.some(({ id }) => id === DEFAULT_TYPE.id) ? found : [...found, DEFAULT_TYPE]
}

/** {@link allTypes}, as they were some seconds ago at most. */
const lateTypes = (storage: BlockStorage): Promise<readonly TypeRecord[]> =>
  storage.kept.types.get('', () => allTypes(storage))

/** Whoever changes a type sees that at once. */
export const forgetTypes = (storage: BlockStorage): void => storage.kept.types.forget('')

/**
 * Names of types by id.
 *
 * @param ids whose names are needed: where one of them is new, all are read again.
 */
export async function typeNames(
  storage: BlockStorage,
  ids: readonly string[] = [],
): Promise<ReadonlyMap<string, string>> {
  const known = new Map((await lateTypes(storage)).map(({ id, name }) => [id, name]))
  if (ids.every((id) => known.has(id))) return known
  forgetTypes(storage)
  return new Map((await lateTypes(storage)).map(({ id, name }) => [id, name]))
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** A type by id or by name, if the caller may use it. @throws ApiError 404 */
export const findType = async (
  storage: BlockStorage,
  caller: Caller,
  idOrName: string,
): Promise<TypeRecord> => {
  const byId = uuid.test(idOrName) ? await storage.types.get(idOrName) : undefined
  const found =
    byId ??
    (await storage.types.named(OF_ALL, idOrName))[0] ??
    [DEFAULT_TYPE].find(({ id, name }) => id === idOrName || name === idOrName)
  if (found === undefined || !mayUse(caller, found)) throw notFound('Volume type', idOrName)
  return found
}

/** What a volume is of that names no type. @throws ApiError 404: the one that is configured is not there. */
export async function defaultType(storage: BlockStorage, caller: Caller): Promise<TypeRecord> {
  const { defaultType: named } = storage.settings
  const late = (await lateTypes(storage)).find(({ id, name }) => id === named || name === named)
  return late ?? findType(storage, { ...caller, role: 'admin' }, named)
}

/** A type whose extra spec is `<is> True`, as Cinder writes yes. */
export const says = (type: TypeRecord, spec: string): boolean =>
  /^\s*<is>\s*true\s*$/i.test(type.extraSpecs[spec] ?? '')
