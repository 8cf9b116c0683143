"""All that knows LinkedIn's wire: token, signed upload, batch update and batch delete."""
