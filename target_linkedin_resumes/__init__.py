"""Singer target that delivers candidates' resumes to LinkedIn's CRM Connect API."""
