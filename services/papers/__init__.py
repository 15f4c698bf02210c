"""Papers that people take home: service certificates, and what is kept of printed statements."""
