import type { JsonObject } from './engine.js';

/** `value` where it is an object, else an empty one: what an engine leaves out is read as nothing. */
export const objectOf = (value: unknown): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};

/** `value` where it is a text, else an empty one. */
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
