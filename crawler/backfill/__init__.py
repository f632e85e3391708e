"""Fill an archive with captures made by others: from CDX servers, and from the files of CC-NEWS."""
