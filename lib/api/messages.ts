import type { MessageRecord } from '../volumes/record.ts'
import { ApiError, notFound } from '../volumes/refusal.ts'
import type { Message } from './answers/service.ts'
import { type Listing, listPage } from './lists.ts'
import { type Call, type Route, route } from './route.ts'
import { timeOf } from './views/time.ts'

const view = ({ base, caller }: Pick<Call, 'base' | 'caller'>, message: MessageRecord): Message => ({
  id: message.id,
  request_id: message.requestId,
  event_id: message.eventId,
  resource_type: message.resourceType,
  resource_uuid: message.resourceId,
  user_message: message.userMessage,
  message_level: message.level,
  created_at: timeOf(message.createdAt),
  guaranteed_until: timeOf(new Date(message.ttl * 1000).toISOString()),
  links: [
    { rel: 'self', href: `${base}/v3/${caller.project}/messages/${message.id}` },
    { rel: 'bookmark', href: `${base}/${caller.project}/messages/${message.id}` },
  ],
})

const listing: Listing<MessageRecord> = {
  name: 'messages',
  links: 'messages_links',
  what: 'Message',
  sortKeys: {
    id: ({ id }) => id,
    event_id: ({ eventId }) => eventId,
    resource_type: ({ resourceType }) => resourceType,
    resource_uuid: ({ resourceId }) => resourceId,
    request_id: ({ requestId }) => requestId,
    message_level: ({ level }) => level,
    created_at: ({ createdAt }) => createdAt,
    guaranteed_until: ({ ttl }) => ttl,
  },
  filters: {
    resource_type: (one, value) => one.resourceType === value,
    resource_uuid: (one, value) => one.resourceId === value,
    event_id: (one, value) => one.eventId === value,
    request_id: (one, value) => one.requestId === value,
    message_level: (one, value) => one.level === value,
  },
}

/** DynamoDB forgets what has ended within two days of it; till then it is passed over here. */
const isKept = ({ storage }: Call, { ttl }: MessageRecord) => ttl * 1000 > Date.parse(storage.now())

async function find(call: Call): Promise<MessageRecord> {
  const { storage, caller, path } = call
  const message = await storage.messages.get(path.id ?? '')
  const seen = message !== undefined && (message.project === caller.project || caller.role === 'admin')
  if (!seen || !isKept(call, message)) throw notFound('Message', path.id ?? '')
  return message
}

export const messageRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: 'messages',
    summary: 'List why things did not work that were answered with 202',
    rule: 'message:get',
    since: 3,
    async run(call) {
      const { page, extra } = await listPage(call, call.storage.messages, listing)
      return { messages: page.filter((one) => isKept(call, one)).map((one) => view(call, one)), ...extra }
    },
  }),
  route({
    method: 'GET',
    path: 'messages/{id}',
    summary: 'Show why something did not work',
    rule: 'message:get',
    since: 3,
    run: async (call) => ({ message: view(call, await find(call)) }),
  }),
  route({
    method: 'DELETE',
    path: 'messages/{id}',
    summary: 'Delete a message',
    rule: 'message:delete',
    since: 3,
    status: 204,
    async run(call) {
      const message = await find(call)
      if (!(await call.storage.messages.remove(message)))
        throw new ApiError(409, 'The message was changed meanwhile.')
      return undefined
    },
  }),
]
