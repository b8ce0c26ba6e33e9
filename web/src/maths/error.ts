/** A mistake of the user's, in words that the widget shows. */
export class PathError extends Error {}
