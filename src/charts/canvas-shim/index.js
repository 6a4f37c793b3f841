'use strict';

// Found among Gossipscope's own dependencies. This package declares none: it is bundled, and npm takes whatever a bundled package
// declares, peers too, for bundled as well and leaves it out of a global installation.
const nodeCanvas = require('@napi-rs/canvas/node-canvas');

// How far a Bézier curve's control points stand from its ends, in radii, to draw a quarter of a circle.
const QUARTER_CIRCLE = 0.5523;

// Skia writes a circle into SVG as some hundred curves (5 kB for a point); four do.
function drawCirclesInQuarters(context) {
  const arc = context.arc.bind(context);
  context.arc = (x, y, r, from, to, counterclockwise) => {
    if (Math.abs(to - from) < 2 * Math.PI - 1e-9) return arc(x, y, r, from, to, counterclockwise);
    const k = r * QUARTER_CIRCLE;
    context.moveTo(x + r, y);
    context.bezierCurveTo(x + r, y + k, x + k, y + r, x, y + r);
    context.bezierCurveTo(x - k, y + r, x - r, y + k, x - r, y);
    context.bezierCurveTo(x - r, y - k, x - k, y - r, x, y - r);
    context.bezierCurveTo(x + k, y - r, x + r, y - k, x + r, y);
  };
}

// node-canvas returns an SVG document from toBuffer(); @napi-rs/canvas has getContent() for it.
function createCanvas(width, height, type) {
  const canvas = nodeCanvas.createCanvas(width, height, type);
  if (type === 'svg') {
    canvas.toBuffer = () => canvas.getContent();
    drawCirclesInQuarters(canvas.getContext('2d'));
  }
  return canvas;
}

module.exports = { ...nodeCanvas, createCanvas };
