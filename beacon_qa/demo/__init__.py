"""A demonstration that checks itself: a novel, six sentences slipped into it, six questions."""
