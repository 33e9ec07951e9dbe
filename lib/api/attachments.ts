import * as z from 'zod'
import {
  completeAttachment,
  connectAttachment,
  createAttachment,
  deleteAttachment,
} from '../volumes/attach.ts'
import { findAttachment } from '../volumes/find-attachment.ts'
import { attachmentsIn, type ListedAttachment } from '../volumes/list-attachments.ts'
import { ApiError, badRequest } from '../volumes/refusal.ts'
import { GivenConnector, UsableConnector } from './connector.ts'
import { Uuid } from './fields.ts'
import { type Listing, listPage } from './lists.ts'
import { type Call, type Route, route } from './route.ts'
import { briefAttachment, detailedAttachment } from './views/attachment.ts'

/** The first microversion that has attachments, that can complete them, and that says how they may be used. */
const [SINCE, COMPLETES, MODES] = [27, 44, 54]

const newAttachment = {
  volume_uuid: Uuid,
  instance_uuid: Uuid.nullish(),
  connector: GivenConnector.nullish(),
}
const withMode = { ...newAttachment, mode: z.enum(['rw', 'ro'], 'is not one of rw, ro').optional() }

const NewBody = z.strictObject({ attachment: z.strictObject(newAttachment) })
const NewBodyWithMode = z.strictObject({ attachment: z.strictObject(withMode) })

const create = route({
  method: 'POST',
  path: 'attachments',
  summary: 'Reserve a volume, or with a connector connect it',
  rule: 'attachment:create',
  since: SINCE,
  body: (version): z.ZodType<z.infer<typeof NewBodyWithMode>> =>
    version >= MODES ? NewBodyWithMode : NewBody,
  async run({ storage, caller, body }) {
    const { volume_uuid, instance_uuid, connector, mode } = body.attachment
    const { volume, attachment } = await createAttachment(storage, caller, {
      volume: volume_uuid,
      instance: instance_uuid ?? null,
      connector:
        connector == null || Object.keys(connector).length === 0 ? undefined : UsableConnector(connector),
      mode,
    })
    return { attachment: detailedAttachment(attachment, volume.id) }
  },
})

const update = route({
  method: 'PUT',
  path: 'attachments/{id}',
  summary: 'Connect a reserved volume',
  rule: 'attachment:update',
  since: SINCE,
  body: z.strictObject({ attachment: z.strictObject({ connector: GivenConnector }) }),
  async run({ storage, caller, path, body }) {
    const connector = UsableConnector(body.attachment.connector)
    const found = await connectAttachment(storage, caller, path.id ?? '', connector)
    return { attachment: detailedAttachment(found.attachment, found.volume.id) }
  },
})

const act = route({
  method: 'POST',
  path: 'attachments/{id}/action',
  summary: 'Say that the instance has the volume (os-complete)',
  rule: 'attachment:complete',
  since: SINCE,
  status: 204,
  body: z.record(z.string(), z.unknown()),
  async run({ storage, caller, path, body, version }) {
    const name = Object.keys(body).join(', ').slice(0, 100)
    if (name !== 'os-complete') {
      throw badRequest(
        `There is no such action: ${name}. Verify the request body and Content-Type header and try again.`,
      )
    }
    if (version < COMPLETES) throw new ApiError(404, 'The resource could not be found.')
    await completeAttachment(storage, caller, path.id ?? '')
    return undefined
  },
})

const show = route({
  method: 'GET',
  path: 'attachments/{id}',
  summary: 'Show an attachment, and how it is reached',
  rule: 'attachment:get',
  since: SINCE,
  async run({ storage, caller, path }) {
    const { volume, attachment } = await findAttachment(storage, caller, path.id ?? '')
    return { attachment: detailedAttachment(attachment, volume.id) }
  },
})

const remove = route({
  method: 'DELETE',
  path: 'attachments/{id}',
  summary: 'Disconnect and detach; the answer has what the volume has left',
  rule: 'attachment:delete',
  since: SINCE,
  async run({ storage, caller, path }) {
    const id = path.id ?? ''
    const { volume } = await findAttachment(storage, caller, id)
    const left = await deleteAttachment(storage, caller, id)
    return { attachments: left.map((one) => briefAttachment(one, volume.id)) }
  },
})

const listing: Listing<ListedAttachment> = {
  name: 'attachments',
  links: 'attachments_links',
  what: 'Volume attachment',
  sortKeys: {
    id: (one) => one.id,
    created_at: (one) => one.createdAt,
    updated_at: (one) => one.updatedAt,
    attach_status: (one) => one.attachment.status,
    status: (one) => one.attachment.status,
    instance_uuid: (one) => one.attachment.instance,
    volume_id: (one) => one.volumeId,
  },
  filters: {
    id: (one, value) => one.id === value,
    volume_id: (one, value) => one.volumeId === value,
    instance_id: (one, value) => one.attachment.instance === value,
    status: (one, value) => one.attachment.status === value,
    attach_status: (one, value) => one.attachment.status === value,
    project_id: (one, value) => one.project === value,
  },
}

/** Lists of attachments have no links to more, as Cinder's have none: who wants more asks with a marker. */
const pageOf = async (call: Omit<Call, 'body'> & { readonly body: unknown }) => {
  const { page } = await listPage(call, attachmentsIn(call.storage, call.query.volume_id), listing)
  return page
}

const list = route({
  method: 'GET',
  path: 'attachments',
  summary: 'List attachments: ids, states, instances and volumes',
  rule: 'attachment:get',
  since: SINCE,
  run: async (call) => ({
    attachments: (await pageOf(call)).map((one) => briefAttachment(one.attachment, one.volumeId)),
  }),
})

const detail = route({
  method: 'GET',
  path: 'attachments/detail',
  summary: 'List attachments with how they are reached',
  rule: 'attachment:get',
  since: SINCE,
  run: async (call) => ({
    attachments: (await pageOf(call)).map((one) => detailedAttachment(one.attachment, one.volumeId)),
  }),
})

export const attachmentRoutes: readonly Route[] = [create, list, detail, show, update, remove, act]
