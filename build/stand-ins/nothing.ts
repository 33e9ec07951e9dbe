/** In place of what JSON calls never reach: form data, what only it needs, and axios's way to send with XMLHttpRequest. */
export default null
