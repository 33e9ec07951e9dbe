import * as z from 'zod'
import { standing } from '../../volumes/attachment-states.ts'
import {
  attachOlder,
  detachOlder,
  initializeOlder,
  terminateOlder,
  unreserve,
} from '../../volumes/older-calls.ts'
import { badRequest, invalidVolume } from '../../volumes/refusal.ts'
import type { Connected } from '../answers/actions.ts'
import { GivenConnector, UsableConnector } from '../connector.ts'
import { Uuid } from '../fields.ts'
import { nestedConnection } from '../views/attachment.ts'
import { action } from './action.ts'

/** The calls by which volumes were attached before there were attachments; clients without Nova still use them. */

export const reserve = action({
  summary: 'Reserve a volume that is to be attached',
  rule: 'volume:attach',
  body: z.unknown(),
  status: 202,
  check({ status, multiattach }) {
    const free = multiattach ? ['available', 'in-use'] : ['available']
    if (free.includes(status)) return
    throw invalidVolume(`Volume status must be ${free.join(' or ')} to reserve, but the status is ${status}.`)
  },
  amend: (volume) => ({ ...volume, status: 'attaching' }),
})

export const unreserveAction = action({
  summary: 'Let go of a volume that was reserved',
  rule: 'volume:attach',
  body: z.unknown(),
  status: 202,
  async run({ storage, caller }, id) {
    await unreserve(storage, caller, id)
  },
})

const AttachBody = z.strictObject({
  mountpoint: z.string().min(1, 'is empty').max(255, 'is too long'),
  instance_uuid: Uuid.nullish(),
  host_name: z.string().min(1, 'is empty').max(255, 'is too long').nullish(),
  mode: z.enum(['rw', 'ro'], 'is not one of rw, ro').nullish(),
})

export const attach = action({
  summary: 'Say that an instance or a host has a volume',
  rule: 'volume:attach',
  body: AttachBody,
  status: 202,
  async run({ storage, caller }, id, { mountpoint, instance_uuid, host_name, mode }) {
    if (instance_uuid == null && host_name == null) {
      throw badRequest('Invalid request to attach volume to an invalid target')
    }
    const [instance, host] = [instance_uuid ?? null, host_name ?? null]
    await attachOlder(storage, caller, id, { instance, host, mountpoint, mode: mode ?? 'rw' })
  },
})

export const beginDetaching = action({
  summary: 'Say that a volume is about to be detached',
  rule: 'volume:detach',
  body: z.unknown(),
  status: 202,
  check({ status, attachments }) {
    if (status === 'in-use' && standing(attachments) === 'in-use') return
    throw invalidVolume(
      "Unable to detach volume. Volume status must be 'in-use' and attach_status must be 'attached' to detach.",
    )
  },
  amend: (volume) => ({ ...volume, status: 'detaching' }),
})

export const rollDetaching = action({
  summary: 'Say that a volume is not detached after all',
  rule: 'volume:detach',
  body: z.unknown(),
  status: 202,
  amend: (volume) => (volume.status === 'detaching' ? { ...volume, status: 'in-use' } : volume),
})

const DetachBody = z.strictObject({ attachment_id: Uuid.nullish() }).nullish()

export const detach = action({
  summary: 'Say that a volume is detached',
  rule: 'volume:detach',
  body: DetachBody,
  status: 202,
  async run({ storage, caller }, id, body) {
    await detachOlder(storage, caller, id, body?.attachment_id)
  },
})

const ForceDetachBody = z.strictObject({
  attachment_id: Uuid.nullish(),
  connector: GivenConnector.nullish(),
})

export const forceDetach = action({
  summary: 'End a connection whoever uses it, and detach',
  rule: 'volume:force_detach',
  body: ForceDetachBody.nullish(),
  status: 202,
  async run({ storage, caller }, id, body) {
    const connector = body?.connector == null ? undefined : UsableConnector(body.connector)
    if (connector !== undefined) await terminateOlder(storage, caller, id, connector, true)
    await detachOlder(storage, caller, id, body?.attachment_id, true)
  },
})

export const initializeConnection = action({
  summary: 'Connect a volume for a host',
  rule: 'volume:initialize_connection',
  body: z.looseObject({ connector: GivenConnector }),
  status: 200,
  async run({ storage, caller }, id, { connector }): Promise<Connected> {
    const info = await initializeOlder(storage, caller, id, UsableConnector(connector))
    return { connection_info: nestedConnection(info, connector) }
  },
})

export const terminateConnection = action({
  summary: 'End the connection of a host',
  rule: 'volume:terminate_connection',
  body: z.looseObject({ connector: GivenConnector.nullable() }),
  status: 202,
  async run({ storage, caller }, id, { connector }) {
    await terminateOlder(storage, caller, id, connector === null ? null : UsableConnector(connector))
  },
})
