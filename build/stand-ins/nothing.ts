/**
 * In place of what our calls never reach: form data and what only it needs, axios's way to send with XMLHttpRequest,
 * and what of ssh2 no client needs.
 */
export default null
