/** Where a function of StorPool's finds its token. */
const token = ['secretsmanager:GetSecretValue secret:cinderless/storpool-token-??????']
const book = ['dynamodb:GetItem Table ATTACHMENTS#*', 'dynamodb:PutItem Table ATTACHMENTS#*']
const forget = ['dynamodb:DeleteItem Table ATTACHMENTS#name#*']
/** What agents are shown, and so what they may be asked for, is one role's. */
const pair = (role: string) => [`secretsmanager:GetSecretValue secret:cinderless/agents-${role}-??????`]
/** What opens the stores agents know by name. */
const stores = ['secretsmanager:GetSecretValue secret:cinderless/stores-??????']
/** The password of the user that is ours to Keystone. */
const keystone = ['secretsmanager:GetSecretValue secret:cinderless/keystone-password-??????']
const readHost = ['dynamodb:GetItem Table HOST#*']
const keepHost = [...readHost, 'dynamodb:PutItem Table HOST#*']
const readJob = ['dynamodb:GetItem Table JOB#*']
const createJob = [...readJob, 'dynamodb:PutItem Table JOB#*']
const changeJob = ['dynamodb:UpdateItem Table JOB#*']
const itsJob = [...readJob, ...changeJob]
const execution = (kind: string) =>
  ['CheckpointDurableExecution', 'GetDurableExecutionState'].map(
    (action) => `lambda:${action} function:cinderless-dev-job-${kind}:*`,
  )
const seeLines = ['dynamodb:GetItem Table TICKETS#*']
const takeTurns = [...seeLines, 'dynamodb:UpdateItem Table TICKETS#*']
const withhold = ['dynamodb:PutItem Table WITHHELD#*', 'dynamodb:DeleteItem Table WITHHELD#*']
const readWithheld = ['dynamodb:GetItem Table WITHHELD#*', 'dynamodb:DeleteItem Table WITHHELD#*']
const wake = ['lambda:SendDurableExecutionCallbackSuccess function:cinderless-dev-job-*:*']
const startJob = ['lambda:InvokeFunction function:cinderless-dev-job-*:durable']
const lookAtDead = ['sqs:ReceiveMessage JobsDeadLetters', 'sqs:ChangeMessageVisibility JobsDeadLetters']
const send = ['sqs:SendMessage JobsQueue']

const on = (actions: readonly string[], place: string, kinds: readonly string[]) =>
  kinds.flatMap((kind) => actions.map((action) => `dynamodb:${action} ${place} ${kind}#*`))
const keep = ['GetItem', 'PutItem', 'DeleteItem']
const list = (kind: string, indexes: readonly string[]) =>
  indexes.map((index) => `dynamodb:Query Table/index/${index} ${kind}#*`)
const everyIndex = ['gsi1', 'gsi2', 'gsi3']
const noteProject = on(['PutItem'], 'Table', ['PROJECT'])
/** What it takes to look at a volume of Block Storage: to go on with whatever somebody was cut off at. */
const goOn = [
  ...token,
  ...keystone,
  ...book,
  ...forget,
  ...on(keep, 'Table', ['VOLUME', 'SNAPSHOT']),
  ...on(['GetItem'], 'Table', ['TYPE']),
  ...on(['GetItem', 'DeleteItem'], 'Table', ['ATTACHMENT']),
  ...on(['GetItem', 'UpdateItem'], 'Table', ['QUOTA']),
  ...on(['GetItem', 'PutItem'], 'Table', ['MESSAGE']),
  ...createJob,
  ...changeJob,
  ...wake,
  ...send,
]

/**
 * All that a function may do beside writing its own log: the whole of it, so that a role that grows is noticed. That
 * it is enough is seen in permitted.test.ts.
 */
export const may: Record<string, readonly string[]> = {
  'check-for-setup-error': token,
  'create-volume': token,
  'delete-volume': token,
  'create-snapshot': token,
  'delete-snapshot': token,
  'create-volume-from-snapshot': token,
  'initialize-connection': [...token, ...book, ...readHost],
  'terminate-connection': [...token, ...book, ...readHost],
  'attach-volume': [...token, ...pair('attach'), ...book, ...keepHost],
  'detach-volume': [...token, ...pair('attach'), ...book, ...keepHost],
  'get-volume-stats': [...token, 'dynamodb:Query Table/index/gsi3 STATS#*'],
  'get-pool': token,
  'validate-connector': token,
  'extend-volume': token,
  'create-cloned-volume': token,
  'create-export': token,
  'ensure-export': token,
  'remove-export': token,
  retype: token,
  'revert-to-snapshot': [...token, ...book],
  'update-migrated-volume': [...token, ...forget],
  'manage-existing': [...token, ...book, ...forget],
  'manage-existing-get-size': token,
  unmanage: [...token, ...book],
  'manage-existing-snapshot': [...token, ...book],
  'manage-existing-snapshot-get-size': token,
  'unmanage-snapshot': [...token, ...book],
  'get-manageable-volumes': token,
  'get-manageable-snapshots': token,
  'create-group-snapshot': token,
  'delete-group-snapshot': token,
  'copy-image-to-volume': [...createJob, ...withhold, ...send],
  'copy-volume-to-image': [...createJob, ...send],
  'backup-volume': [...createJob, ...send],
  'restore-backup': [...createJob, ...send],
  'submit-job': [...createJob, ...withhold, ...send],
  'list-jobs': [
    ...pair('read'),
    ...readJob,
    ...seeLines,
    'dynamodb:Query Table/index/gsi2 JOB#*',
    'dynamodb:Query Table/index/gsi3 JOB#*',
  ],
  'get-job': [...pair('read'), ...readJob, ...seeLines],
  'cancel-job': [...pair('data'), ...readJob, ...changeJob, ...wake],
  'list-backups': [...pair('backup'), ...stores, ...keepHost],
  'start-job': [
    'sqs:ReceiveMessage JobsQueue',
    'sqs:DeleteMessage JobsQueue',
    'sqs:GetQueueAttributes JobsQueue',
    ...createJob,
    ...changeJob,
    ...withhold,
    ...startJob,
    'sqs:SendMessage JobsDeadLetters',
  ],
  'list-dead-letters': lookAtDead,
  'redrive-dead-letters': [...lookAtDead, 'sqs:DeleteMessage JobsDeadLetters', ...send],
  'job-copy-image-to-volume': [
    ...token,
    ...pair('data'),
    ...stores,
    ...keystone,
    ...book,
    ...keepHost,
    ...itsJob,
    ...readWithheld,
    ...takeTurns,
    ...wake,
    ...execution('copy-image-to-volume'),
  ],
  'job-copy-volume-to-image': [
    ...token,
    ...pair('data'),
    ...stores,
    ...keystone,
    ...book,
    ...keepHost,
    ...itsJob,
    ...takeTurns,
    ...wake,
    ...execution('copy-volume-to-image'),
  ],
  'job-backup-volume': [
    ...token,
    ...pair('backup'),
    ...stores,
    ...book,
    ...keepHost,
    ...itsJob,
    ...takeTurns,
    ...wake,
    ...execution('backup-volume'),
  ],
  'job-restore-backup': [
    ...token,
    ...pair('backup'),
    ...stores,
    ...book,
    ...keepHost,
    ...itsJob,
    ...takeTurns,
    ...wake,
    ...execution('restore-backup'),
  ],
  // They touch a repository and no volume.
  'job-delete-backup': [
    ...token,
    ...pair('backup'),
    ...stores,
    ...keepHost,
    ...itsJob,
    ...takeTurns,
    ...wake,
    ...execution('delete-backup'),
  ],
  'job-check-backup': [
    ...token,
    ...pair('backup'),
    ...stores,
    ...keepHost,
    ...itsJob,
    ...takeTurns,
    ...wake,
    ...execution('check-backup'),
  ],
  // What it makes is new: nobody has it in the book.
  'job-clone-volume': [...token, ...itsJob, ...execution('clone-volume')],
  'job-retype-volume': [...token, ...book, ...itsJob, ...execution('retype-volume')],
  'job-revert-volume': [...token, ...book, ...itsJob, ...execution('revert-volume')],
  'job-migrate-volume': [
    ...token,
    ...pair('data'),
    ...book,
    ...keepHost,
    ...itsJob,
    ...takeTurns,
    ...wake,
    ...execution('migrate-volume'),
  ],
  'get-stats': ['dynamodb:Query Table/index/gsi3 STATS#*'],
  'get-health': token,
  'get-hosts': ['dynamodb:Query Table/index/gsi3 HOST#*'],
  docs: [],
  'api-versions': [],
  'api-volumes': [
    ...goOn,
    ...noteProject,
    ...list('VOLUME', everyIndex),
    ...list('TYPE', ['gsi1', 'gsi2']),
    ...on(['GetItem'], 'Table', ['SERVICE']),
  ],
  'api-volume-action': [
    ...goOn,
    ...readHost,
    ...list('TYPE', ['gsi2']),
    ...on(['PutItem'], 'Table', ['ATTACHMENT']),
  ],
  'api-snapshots': [...goOn, ...noteProject, ...list('SNAPSHOT', everyIndex)],
  'api-attachments': [
    ...goOn,
    ...readHost,
    ...on(['PutItem'], 'Table', ['ATTACHMENT']),
    ...list('ATTACHMENT', ['gsi1', 'gsi3']),
  ],
  'api-manage': [...goOn, ...noteProject, ...list('TYPE', ['gsi1', 'gsi2'])],
  'api-types': [
    ...keystone,
    ...on(keep, 'Table', ['TYPE']),
    ...list('TYPE', ['gsi1', 'gsi2']),
    ...list('VOLUME', ['gsi3']),
  ],
  'api-service': [
    ...keystone,
    ...token,
    'dynamodb:Query Table/index/gsi3 STATS#*',
    ...on(['GetItem'], 'Table', ['TYPE']),
    ...list('TYPE', ['gsi1', 'gsi2']),
    ...on(['GetItem', 'UpdateItem'], 'Table', ['QUOTA']),
    ...on(['GetItem', 'DeleteItem'], 'Table', ['MESSAGE']),
    ...list('MESSAGE', ['gsi1', 'gsi3']),
    ...on(['GetItem', 'PutItem'], 'Table', ['SERVICE']),
    ...list('VOLUME', ['gsi3']),
    ...list('SNAPSHOT', ['gsi3']),
  ],
  // The clock calls a function in the function's own role.
  'publish-volume-stats': [
    ...token,
    'dynamodb:PutItem Table STATS#*',
    'lambda:InvokeFunction function:cinderless-dev-publish-volume-stats',
  ],
  'sweep-jobs': [
    'dynamodb:Query Table/index/gsi2 JOB#*',
    ...readJob,
    ...changeJob,
    ...send,
    ...startJob,
    ...takeTurns,
    ...wake,
    'lambda:GetDurableExecution function:cinderless-dev-job-*:*',
    'lambda:InvokeFunction function:cinderless-dev-sweep-jobs',
  ],
  reconcile: [
    ...goOn,
    ...['VOLUME', 'SNAPSHOT', 'ATTACHMENT', 'PROJECT'].flatMap((kind) => list(kind, ['gsi3'])),
    'lambda:InvokeFunction function:cinderless-dev-reconcile',
  ],
  'ask-hosts': [...pair('read'), ...keepHost, 'lambda:InvokeFunction function:cinderless-dev-ask-hosts'],
}
